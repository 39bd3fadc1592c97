"""Connections: read from a file that only its owner sees, never shown to anybody."""

import logging
import traceback
from pathlib import Path

import pytest

from dbt_models import Deployment, WarehouseError
from ingest.elsewhere.connections import (
    Connection,
    connection_named,
    connections_file,
    read_connections,
)
from tests.ingest.elsewhere.reading import Read

SECRET = "pa's\\s@w/ö?rd"
WRITTEN = "pa%27s%5Cs%40w%2F%C3%B6%3Frd"


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path / "data", {"timezone": "UTC"}, {})


def write(deployment: Deployment, content: str | bytes, mode: int = 0o600) -> None:
    path = connections_file(deployment)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)


def refusal(deployment: Deployment, name: str = "erp") -> str:
    with pytest.raises(WarehouseError) as caught:
        connection_named(name, deployment)
    shown = "".join(traceback.format_exception(caught.value))
    assert SECRET not in shown
    assert WRITTEN not in shown
    assert "geheim" not in shown
    assert str(connections_file(deployment)) in str(caught.value)
    return str(caught.value)


ADDRESSES = {
    f"postgresql://crm:{WRITTEN}@db.example:5433/shop?sslmode=require": (
        "postgresql",
        {
            "host": "db.example",
            "port": "5433",
            "user": "crm",
            "dbname": "shop",
            "sslmode": "require",
        },
        SECRET,
    ),
    "postgres://crm@[::1]/shop": (
        "postgresql",
        {"host": "::1", "user": "crm", "dbname": "shop"},
        "",
    ),
    "postgresql:///shop?host=/run/postgresql": (
        "postgresql",
        {"host": "/run/postgresql", "dbname": "shop"},
        "",
    ),
    f"mysql://crm:{WRITTEN}@db.example:3307/shop?ssl_mode=required": (
        "mysql",
        {
            "host": "db.example",
            "port": "3307",
            "user": "crm",
            "database": "shop",
            "ssl_mode": "required",
        },
        SECRET,
    ),
    "mariadb://crm:a:b@/shop?socket=/run/mysqld.sock": (
        "mysql",
        {"user": "crm", "database": "shop", "socket": "/run/mysqld.sock"},
        "a:b",
    ),
    "mysql://crm:geheim@h/shop": (
        "mysql",
        {"host": "h", "user": "crm", "database": "shop"},
        "geheim",
    ),
    "sqlite:////var/till.db": ("sqlite", {"path": "/var/till.db"}, ""),
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses(deployment, address):
    write(deployment, f"erp: {address}\n")
    kind, options, password = ADDRESSES[address]
    found = connection_named("erp", deployment)
    assert found == Connection("erp", kind, options, password)


def test_a_relative_sqlite_file_is_below_the_data_folder(deployment):
    write(deployment, "till: sqlite:///tills/a%20b.db\n")
    path = connection_named("till", deployment).options["path"]
    assert path == str(deployment.data / "tills" / "a b.db")


def test_no_file_is_no_connection(deployment):
    assert read_connections(deployment) == {}
    assert "there is no connection 'erp'. It has none." in refusal(deployment)


@pytest.mark.parametrize("content", ["", "# nothing yet\n"])
def test_an_empty_file_has_none(deployment, content):
    write(deployment, content)
    assert read_connections(deployment) == {}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_file_that_others_may_read_is_refused(deployment, mode):
    write(deployment, "erp: postgresql://crm:geheim@h/shop\n", mode)
    message = refusal(deployment)
    assert "others than you may read or change it" in message
    assert "chmod 600" in message


def test_an_unknown_name_is_told_the_nearest(deployment):
    write(deployment, "erp: postgresql://crm:geheim@h/shop\ntill: sqlite:///a.db\n")
    message = refusal(deployment, "epr")
    assert "there is no connection 'epr'. Did you mean 'erp'?" in message


MISTAKES = {
    "erp: postgers://crm:geheim@h/shop": "Did you mean 'postgres'?",
    "erp: oracle://crm:geheim@h/shop": "unknown kind of database 'oracle'. Known: ",
    "erp: crm:geheim@h/shop://x": "unknown kind of database. ",
    "erp: crm:geheim@h/shop": "must be an address, such as postgresql://",
    "erp: 5": "must be an address",
    "erp: [geheim]": "must be an address",
    "erp:": "must be an address",
    f"erp: mysql://crm:{WRITTEN}@h/": "names no database",
    "erp: mysql://crm:geheim@h/shop?ssl_mod=x": "Did you mean 'ssl_mode'?",
    "erp: postgresql://crm:ge/heim@h/shop": "is not of the form postgresql://",
    "erp: postgresql://crm:geheim#@h/shop": "is not of the form postgresql://",
    "erp: postgresql://crm:1?geheim@h/shop": "is not of the form postgresql://",
    "erp: postgresql://crm@h:geheim/shop": "is not of the form postgresql://",
    "erp: sqlite://till.db": "is not of the form sqlite:///",
    "erp: sqlite:///": "is not of the form sqlite:///",
    "erp: 'postgresql://crm:geheim@h/shop": "line 2 cannot be read as YAML",
    "- postgresql://crm:geheim@h/shop": "must be a list of 'name: address' lines",
}


@pytest.mark.parametrize("content", MISTAKES)
def test_a_mistake_is_told_without_the_address(deployment, content):
    write(deployment, content + "\n")
    assert MISTAKES[content] in refusal(deployment)


def test_bytes_that_are_no_text_are_refused(deployment):
    write(deployment, b"erp: \xff\xfegeheim")
    assert "cannot be read as YAML" in refusal(deployment)


def test_a_connection_does_not_show_its_password(deployment):
    write(deployment, f"erp: postgresql://crm:{WRITTEN}@h/shop\n")
    connection = connection_named("erp", deployment)
    assert SECRET not in f"{connection!r} {connection}"
    said = f"no password {SECRET} nor {WRITTEN}"
    assert connection.without_secrets(said) == "no password *** nor ***"


ABSENT = {
    "postgresql://crm:geheim@127.0.0.1:1/shop": "127.0.0.1",
    "postgresql://crm:geheim@/shop?host=/nowhere": "/nowhere",
    "postgresql://crm:geheim@127.0.0.1:1/shop?colour=red": "colour",
    "mysql://crm:geheim@127.0.0.1:1/shop": "127.0.0.1",
    "mysql://crm:geheim@/shop?socket=/nowhere": "connect",
    "sqlite:////nowhere/till.db": "there is no file /nowhere/till.db",
}


@pytest.mark.parametrize("address", ABSENT)
def test_a_database_that_is_not_there_is_a_sentence(tmp_path, address, caplog):
    caplog.set_level(logging.DEBUG)
    read = Read(address, tmp_path)
    with pytest.raises(WarehouseError) as caught:
        read()
    message = str(caught.value)
    assert "shop.orders: table orders of the connection 'erp': it cannot" in message
    assert ABSENT[address] in message
    assert "geheim" not in "".join(traceback.format_exception(caught.value))
    assert "geheim" not in caplog.text


def test_a_file_that_is_no_sqlite_file_is_a_sentence(tmp_path):
    path = tmp_path / "till.db"
    path.write_text("id,amount\n1,2\n" * 100)
    with pytest.raises(WarehouseError, match="cannot be read") as caught:
        Read(f"sqlite:///{path}", tmp_path)()
    assert "not a database" in str(caught.value)


def test_a_wrong_password_is_a_sentence(mariadb, tmp_path):
    address = mariadb.address.replace("pass%40word", "geheim")
    assert address != mariadb.address
    with pytest.raises(WarehouseError) as caught:
        Read(address, tmp_path)()
    assert "geheim" not in "".join(traceback.format_exception(caught.value))
    assert "user and password are right" in str(caught.value)


def test_a_user_who_may_not_read_the_table(postgresql, tmp_path):
    postgresql.run(
        "drop view if exists seen; drop table if exists orders; "
        "create table orders (id bigint); drop role if exists guest; "
        "create role guest login password 'geheim'"
    )
    address = postgresql.address.replace("postgres:@", "guest:geheim@")
    assert address != postgresql.address
    with pytest.raises(WarehouseError) as caught:
        Read(address, tmp_path)()
    assert "permission denied for table orders" in str(caught.value)
    assert "geheim" not in "".join(traceback.format_exception(caught.value))
