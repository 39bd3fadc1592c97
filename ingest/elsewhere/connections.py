"""The databases and servers that a deployment reads: ``restricted/connections.yml``."""

import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import yaml

from dbt_models import Deployment, WarehouseError, nearest

_EXAMPLES = {
    "postgresql": "postgresql://user:password@host:5432/database",
    "mysql": "mysql://user:password@host:3306/database",
    "sqlite": "sqlite:////folder/file.db",
    "s3": "s3://key:secret@host:443?region=eu-central-1",
    "https": "https://user:password@host/folder",
    "dlt": "dlt://module?token=secret",
}
_ALIASES = {"postgres": "postgresql", "mariadb": "mysql", "http": "https"}
_SCHEMES = [*_EXAMPLES, *_ALIASES]
_MYSQL_OPTIONS = ["socket", "ssl_ca", "ssl_capath", "ssl_cert", "ssl_key", "ssl_mode"]
# Behind an address, or a path on a server that was named before; in a sentence, a
# question mark stands behind a quote or before a blank.
_QUERY = re.compile(r"""(?<=[^\s'"])\?[^\s'"<>)]+""")


@dataclass(frozen=True)
class Connection:
    """One database or server of files, as a deployment names it.

    Attributes
    ----------
    kind
        ``postgresql``, ``mysql`` (which MariaDB is too), ``sqlite``, ``s3``, ``https``
        (also without its s, which option ``scheme`` says) or ``dlt``.
    options
        What its driver has to know, by the driver's own names, but for the password;
        of SQLite: the ``path``; of a web server also the ``query`` of each request.
    """

    name: str
    kind: str
    options: dict[str, str] = field(repr=False)
    password: str = field(repr=False)

    @property
    def endpoint(self) -> str | None:
        """Host and, if it is given, port."""
        host, port = (self.options.get(key) for key in ("host", "port"))
        return f"{host}:{port}" if host and port else host

    def without_secrets(self, message: object) -> str:
        """Return the message with passwords and all queries of addresses blotted out.

        For a server may send elsewhere, with a token in that address.
        """
        text = str(message)
        secrets = [self.password]
        if self.kind == "dlt":
            # What is given to its function may all be tokens.
            secrets += [v for key, v in self.options.items() if key != "host"]
        elif self.kind == "https":
            query = self.options.get("query", "")
            secrets += [query, *(value for _, value in parse_qsl(query))]
        for secret in sorted(filter(None, secrets), key=len, reverse=True):
            for written in (secret, quote(secret, safe="")):
                text = text.replace(written, "***")
        return _QUERY.sub("?***", text)


def connections_file(deployment: Deployment) -> Path:
    """Return where a deployment keeps its connections."""
    return deployment.restricted / "connections.yml"


def connection_named(name: str, deployment: Deployment) -> Connection:
    """Return the deployment's connection of that name.

    Raises
    ------
    WarehouseError
        If it has none, or ``read_connections`` refuses the file.
    """
    connections = read_connections(deployment)
    if name not in connections:
        there = nearest(name, list(connections)) if connections else "It has none."
        raise WarehouseError(
            f"{connections_file(deployment)}: there is no connection '{name}'. {there} "
            f"Write it there as '{name}: {_EXAMPLES['postgresql']}'."
        )
    return connections[name]


def read_connections(deployment: Deployment) -> dict[str, Connection]:
    """Return the deployment's connections by name.

    Raises
    ------
    WarehouseError
        If others may read the file, or an address in it cannot be right; the message
        never repeats an address, for passwords are in them.
    """
    path = connections_file(deployment)
    if not path.exists():
        return {}
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise WarehouseError(
            f"{path} holds passwords, and others than you may read or change it. Say "
            f"'chmod 600 {path}', then run again."
        )
    try:
        addresses = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        # What YAML says of its mistake shows the line.
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        raise WarehouseError(f"{path}{place} cannot be read as YAML.") from None
    if addresses is None:
        return {}
    if not isinstance(addresses, dict):
        raise WarehouseError(f"{path} must be a list of 'name: address' lines.")
    return {
        str(name): _read(str(name), address, deployment, f"{path}: {name}")
        for name, address in addresses.items()
    }


def _read(name: str, address: Any, deployment: Deployment, where: str) -> Connection:
    scheme, found, rest = str(address).partition("://")
    if not found:
        raise WarehouseError(
            f"{where} must be an address, such as {', '.join(_EXAMPLES.values())}."
        )
    if scheme not in _SCHEMES:
        # What is written before a forgotten scheme may be a secret.
        known = nearest(scheme, _SCHEMES)
        named = f" '{scheme}'" if scheme.replace("+", "").isalnum() else ""
        raise WarehouseError(f"{where}: unknown kind of database{named}. {known}")
    kind = _ALIASES.get(scheme, scheme)
    try:
        if kind == "sqlite":
            options = {"path": _sqlite_path(rest, deployment)}
            return Connection(name, kind, options, "")
        parts = urlsplit(f"{kind}://{rest}")
        given = {
            "host": unquote(parts.hostname or ""),
            "port": str(parts.port or ""),
            "user": unquote(parts.username or ""),
            "database": unquote(parts.path.removeprefix("/")),
        }
        if kind == "https":
            # The server's own, to be sent as it stands.
            given["query"] = parts.query
        else:
            given |= parse_qsl(parts.query, strict_parsing=bool(parts.query))
        # A sign of a password with a slash in it: its end has become the path.
        if "@" in f"{parts.path}{parts.fragment}" or parts.fragment:
            raise ValueError
    except ValueError:
        raise WarehouseError(
            f"{where} is not of the form {_EXAMPLES[kind]}. In a user's name or a "
            "password, write %2F for /, %3F for ?, %23 for #, %40 for @, %25 for %."
        ) from None
    password = given.pop("password", None) or unquote(parts.password or "")
    options = {key: value for key, value in given.items() if value}
    if kind == "https":
        options["scheme"] = scheme
    elif kind == "mysql":
        _check_mysql(options, where)
    elif "database" in options:
        options["dbname"] = options.pop("database")
    return Connection(name, kind, options, password)


def _sqlite_path(rest: str, deployment: Deployment) -> str:
    """Return the file's absolute path; a relative one is below the data folder."""
    host, slash, path = rest.partition("/")
    if host or not slash or not path:
        raise ValueError
    return str(deployment.data / unquote(path))


def _check_mysql(options: dict[str, str], where: str) -> None:
    if "database" not in options:
        raise WarehouseError(
            f"{where} names no database; write it as {_EXAMPLES['mysql']}."
        )
    for key in options:
        if key not in {"host", "port", "user", "database", *_MYSQL_OPTIONS}:
            raise WarehouseError(
                f"{where}: unknown option '{key}'. {nearest(key, _MYSQL_OPTIONS)}"
            )
