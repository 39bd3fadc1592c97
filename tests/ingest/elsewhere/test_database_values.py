"""Values of databases: none is changed on its way into a file, whatever its type."""

import random
import sqlite3
import struct
from pathlib import Path

import pytest

from tests.ingest.elsewhere.reading import Read, refusal
from tests.ingest.elsewhere.servers import Server
from tests.ingest.shop import Shop, columns

WIDE = "12345678901234567890123456789012345678901234567890.12345"

# Type, what the server is told, and what landing sees as text.
POSTGRESQL = {
    "smallint": ("smallint", ["-32768"], ["-32768"]),
    "bigint": ("bigint", ["9223372036854775807"], ["9223372036854775807"]),
    "decimals": ("numeric(12, 2)", ["1.10", "-0.01"], ["1.10", "-0.01"]),
    "a decimal that is none": ("numeric(12, 2)", ["1.10", "NaN"], ["1.10", "NaN"]),
    "38 digits": ("numeric(38, 0)", ["9" * 38], ["9" * 38]),
    "more digits": ("numeric(60, 5)", [WIDE], [WIDE]),
    "any digits": ("numeric", ["0.1", "Infinity", "1e-30"], None),
    "negative scale": ("numeric(5, -2)", ["12345"], ["12300"]),
    "double": ("double precision", ["0.1", "1e308"], ["0.1", "1e+308"]),
    "real": ("real", ["0.1"], ["0.1"]),
    "money": ("money", ["1234.56"], ["1234.56"]),
    "boolean": ("boolean", ["t", "f"], ["true", "false"]),
    "text": ("text", ["é🙂", "", " a "], ["é🙂", "", " a "]),
    "character": ("character(4)", ["ab"], ["ab"]),
    "date": ("date", ["2026-02-28"], ["2026-02-28"]),
    "no date": ("date", ["infinity", "-infinity"], ["infinity", "-infinity"]),
    "timestamp": (
        "timestamp",
        ["2026-02-28 01:02:03.000004"],
        ["2026-02-28 01:02:03.000004"],
    ),
    "no timestamp": ("timestamp", ["infinity"], ["infinity"]),
    "far": (
        "timestamp",
        ["294276-12-31 23:59:59", "2026-01-02"],
        ["294276-12-31 23:59:59", "2026-01-02 00:00:00"],
    ),
    "moment": (
        "timestamptz",
        ["2026-07-01 12:00:00+05:30", "infinity"],
        ["2026-07-01 06:30:00+00", "infinity"],
    ),
    "time": ("time", ["24:00:00", "01:02:03.5"], ["24:00:00", "01:02:03.5"]),
    "time and zone": ("timetz", ["01:02:03+05:30"], ["01:02:03+05:30"]),
    "interval": ("interval", ["1 year -2 days 3 seconds"], ["P1Y-2DT3S"]),
    "uuid": ("uuid", ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"], None),
    "json": ("json", ['{"b": 1.10, "a": 1}'], None),
    "jsonb": ("jsonb", ['{"a": 1.10, "b": 1}'], None),
    "array": ("integer[]", ["{1,NULL,3}", "{{1,2},{3,4}}"], None),
    "moments": ("timestamptz[]", ['{"2026-07-01 12:00:00+02"}'], None),
    "bytes": ("bytea", [r"\x00ff"], [r"\x00ff"]),
    "enum": ("mood", ["sad", "happy"], ["sad", "happy"]),
    "domain": ("positive", ["5"], ["5"]),
    "composite": ("pair", ['(1,"a b")'], ['(1,"a b")']),
    "network": ("inet", ["192.168.0.1/24"], ["192.168.0.1/24"]),
    "bits": ("bit(3)", ["101"], ["101"]),
    "range": ("int4range", ["[1,5)"], ["[1,5)"]),
}
EXPECTED = {
    "any digits": ["0.1", "Infinity", "0.000000000000000000000000000001"],
    "moments": ['{"2026-07-01 10:00:00+00"}'],
    "character": ["ab"],
}
TYPES = (
    "drop type if exists mood, pair; drop domain if exists positive; "
    "create type mood as enum ('sad', 'happy'); "
    "create type pair as (a integer, b text); "
    "create domain positive as integer check (value > 0); "
)


@pytest.mark.parametrize("case", POSTGRESQL)
def test_values_of_postgresql(postgresql, tmp_path, case):
    type_, told, seen = POSTGRESQL[case]
    rows = ", ".join(f"({n}, '{value}')" for n, value in enumerate(told))
    postgresql.run(
        "drop view if exists seen; drop table if exists orders; "
        f"{TYPES} create table orders (id bigint, x {type_}); "
        f"insert into orders values {rows}, ({len(told)}, null)"
    )
    # A server may be set to write values in its own way.
    postgresql.run("alter role postgres set datestyle to 'SQL, DMY'")
    postgresql.run("alter role postgres set timezone to 'Asia/Tokyo'")
    read = Read(postgresql.address, tmp_path)
    assert read().rows_counted == len(told) + 1
    assert read.texts("x") == [*EXPECTED.get(case, seen or told), None]


MARIADB = {
    "tinyint(1)": ("tinyint(1)", ["2", "-1"], ["2", "-1"]),
    "bigint": ("bigint", ["-9223372036854775808"], ["-9223372036854775808"]),
    "unsigned": ("bigint unsigned", ["18446744073709551615"], ["18446744073709551615"]),
    "zerofill": ("int(5) zerofill", ["42"], ["42"]),
    "decimals": ("decimal(12, 2)", ["1.10", "-0.01"], ["1.10", "-0.01"]),
    "38 digits": ("decimal(38, 0)", ["9" * 38], ["9" * 38]),
    "more digits": ("decimal(60, 5)", [WIDE], [WIDE]),
    "unsigned decimal": (
        "decimal(10, 2) unsigned",
        ["99999999.99", "0.01"],
        ["99999999.99", "0.01"],
    ),
    "no digits before the point": ("decimal(5, 5)", ["-0.99999"], ["-.99999"]),
    "float": ("float", ["0.1"], ["0.1"]),
    "double": ("double", ["0.1", "1.7976931348623157e308"], None),
    "boolean": ("boolean", ["1", "0"], ["1", "0"]),
    "bit": ("bit(1)", ["1", "0"], ["1", "0"]),
    "bits": ("bit(64)", ["18446744073709551615"], ["18446744073709551615"]),
    "text": ("text", ["'é🙂'", "''", "' a '"], ["é🙂", "", " a "]),
    "latin1": ("varchar(9) character set latin1", ["'é'"], ["é"]),
    "binary collation": ("varchar(9) collate utf8mb4_bin", ["'é'"], ["é"]),
    "date": ("date", ["'2026-02-28'"], ["2026-02-28"]),
    "zero date": ("date", ["'0000-00-00'", "'2026-00-00'"], None),
    "datetime": (
        "datetime(6)",
        ["'2026-02-28 01:02:03.000004'", "'0000-00-00 00:00:00'"],
        None,
    ),
    "timestamp": (
        "timestamp(3) null",
        ["'2026-07-01 12:00:00.500'"],
        ["2026-07-01 12:00:00.500+00:00"],
    ),
    "time": ("time(3)", ["'-838:59:59.000'"], ["-838:59:59.000"]),
    "year": ("year", ["2026"], ["2026"]),
    "blob": ("blob", ["x'00ff'"], ["0x00ff"]),
    "binary": ("varbinary(4)", ["x'00ff'"], ["0x00ff"]),
    "enum": ("enum('a', 'b')", ["'b'"], ["b"]),
    "set": ("set('a', 'b')", ["'a,b'"], ["a,b"]),
    "json": ("json", ["'{\"a\": 1.10}'"], ['{"a": 1.10}']),
    "uuid": ("uuid", ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"], None),
    "point": ("point", ["point(1, 2)"], None),
}
EXPECTED_OF_MARIADB = {
    "double": ["0.1", "1.7976931348623157e+308"],
    "datetime": ["2026-02-28 01:02:03.000004", "0000-00-00 00:00:00.000000"],
    "point": ["0x000000000101000000000000000000f03f0000000000000040"],
}


@pytest.mark.parametrize("case", MARIADB)
def test_values_of_mariadb(mariadb, tmp_path, case):
    type_, told, seen = MARIADB[case]
    rows = ", ".join(f"({n}, {value})" for n, value in enumerate(told))
    mariadb.run(
        "set sql_mode = ''; set time_zone = '+00:00'; "
        "drop view if exists seen; drop table if exists orders; "
        f"create table orders (id bigint, x {type_}); "
        f"insert into orders values {rows}, ({len(told)}, null)"
    )
    read = Read(mariadb.address, tmp_path)
    assert read().rows_counted == len(told) + 1
    plain = [value.strip("'") for value in told]
    assert read.texts("x") == [*EXPECTED_OF_MARIADB.get(case, seen or plain), None]


# What SQLite is told, DuckDB's type of the column, and what landing sees as text.
SQLITE = {
    "whole numbers": (["1", "9223372036854775807"], "BIGINT", None),
    "numbers": (["0.1", "12345678.12345679", "1e300"], "DOUBLE", None),
    "both": (["1", "0.5"], "DOUBLE", ["1.0", "0.5"]),
    "both, and big": (["9007199254740993", "0.5"], "VARCHAR", None),
    "texts": (["'é🙂'", "''"], "VARCHAR", ["é🙂", ""]),
    "a text among numbers": (["1", "'two'", "0.1"], "VARCHAR", ["1", "two", "0.1"]),
    "a number of 17 digits among texts": (
        ["'a'", "0.1234567890123456"],
        "VARCHAR",
        ["a", "0.1234567890123456"],
    ),
    "bytes": (["x'00ff'", "'text'", "1"], "VARCHAR", ["0x00ff", "text", "1"]),
    "nothing": (["null", "null"], "VARCHAR", [None, None]),
    "no number": (["9e999", "-9e999"], "DOUBLE", ["inf", "-inf"]),
}


@pytest.mark.parametrize("declared", ["", "blob"])
@pytest.mark.parametrize("case", SQLITE)
def test_values_of_sqlite(sqlite, tmp_path, case, declared):
    told, type_, seen = SQLITE[case]
    rows = ", ".join(f"({n}, {value})" for n, value in enumerate(told))
    sqlite.run(
        f"create table orders (id integer, x {declared}); "
        f"insert into orders values {rows}, ({len(told)}, null)"
    )
    read = Read(sqlite.address, tmp_path)
    assert read().rows_counted == len(told) + 1
    assert read.types()["x"] == type_
    expected = seen or [value.replace("e300", "e+300") for value in told]
    found = read.texts("x")
    if case == "a number of 17 digits among texts":
        assert [found[0], float(found[1])] == [expected[0], float(expected[1])]
    else:
        assert found == [*expected, None]


def test_numbers_of_sqlite_are_exact(sqlite, tmp_path):
    generator = random.Random(1)
    numbers = [
        *(struct.unpack("d", generator.randbytes(8))[0] for _ in range(20_000)),
        *(generator.randint(1, 10**12) / 100 for _ in range(20_000)),
        *(5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, -0.0),
    ]
    numbers = [number for number in numbers if number == number]
    sqlite.run("create table orders (id integer, x real)")
    with sqlite3.connect(sqlite.path) as connection:
        connection.executemany(
            "insert into orders values (?, ?)", list(enumerate(numbers))
        )
    connection.close()
    read = Read(sqlite.address, tmp_path)
    read()
    assert [number for (number,) in read.rows("x")] == numbers


def test_a_sqlite_text_that_is_no_utf_8_is_a_sentence(sqlite, tmp_path):
    sqlite.run(
        "create table orders (id integer, x text); "
        "insert into orders values (1, cast(x'ff' as text))"
    )
    message = refusal(Read(sqlite.address, tmp_path))
    assert "not valid UTF8" in message
    assert "xFF" not in message


@pytest.mark.parametrize("server", ["postgresql", "mariadb", "sqlite"])
def test_what_comes_lands_as_the_contract_says(server, request, tmp_path):
    """Converted where it can be, and else refused; never something else."""
    database = request.getfixturevalue(server)
    types = {
        "postgresql": ("numeric", "timestamptz", "numeric(9, 2)", "boolean", "uuid"),
        "mariadb": ("decimal(60, 5)", "timestamp", "decimal(9, 2)", "bit(1)", "uuid"),
        "sqlite": ("", "datetime", "decimal(9, 2)", "boolean", "text"),
    }[server]
    names = ("whole", "paid_at", "amount", "yes", "mark")
    made = ", ".join(f"{n} {t} null" for n, t in zip(names, types, strict=True))
    offset = "" if server == "mariadb" else "+00:00"
    mark = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    if server == "mariadb":
        database.run("set global time_zone = '+00:00'")
    database.run("drop view if exists seen; drop table if exists orders")
    database.run(
        f"create table orders (id bigint, {made}); insert into orders values "
        f"(1, 5, '2026-07-01 12:00:00{offset}', 19.99, true, '{mark}')"
    )
    read = Read(database.address, tmp_path)
    read()
    shop = Shop(tmp_path / "shop", "Europe/Berlin")
    read.target.rename(shop.folder / "sales.parquet")
    contract = columns(
        {
            "id": "bigint",
            "whole": "integer",
            "paid_at": "timestamp",
            "amount": "decimal(9, 2)",
            "yes": "boolean",
            "mark": "varchar",
        }
    )
    berlin = {"columns": contract, "timezone": "Europe/Berlin"}
    shop.land(**berlin)
    assert shop.rows(
        "id, whole, paid_at::varchar, amount::varchar, yes, mark", **berlin
    ) == [(1, 5, "2026-07-01 14:00:00", "19.99", True, mark)]


def test_a_latin_1_database_is_read_in_utf_8(postgresql, tmp_path):
    postgresql.run("drop database if exists latin")
    postgresql.run(
        "create database latin encoding latin1 template template0 lc_collate 'C' "
        "lc_ctype 'C'"
    )
    address = postgresql.address.replace("/postgres?", "/latin?")
    assert address != postgresql.address
    latin = Server([*postgresql.client[:-1], address], address)
    latin.run(
        "create table orders (id bigint, x text); "
        "insert into orders values (1, chr(233))"
    )
    read = Read(latin.address, Path(tmp_path))
    read()
    assert read.texts("x") == ["é"]
