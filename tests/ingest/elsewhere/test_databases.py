"""Tables of databases: read whole, exactly as they are, in one snapshot."""

from datetime import date, datetime
from pathlib import Path

import pytest

from ingest.elsewhere.databases import Extract
from tests.ingest.elsewhere.reading import Read, refusal
from tests.ingest.elsewhere.servers import Server, Sqlite
from tests.ingest.shop import columns

NOTES = "create table orders (id bigint, note varchar(20))"


@pytest.fixture(params=["postgresql", "mariadb", "sqlite"])
def database(request: pytest.FixtureRequest) -> Server | Sqlite:
    found = request.getfixturevalue(request.param)
    found.run("drop view if exists seen; drop table if exists orders")
    return found


@pytest.fixture
def read(database: Server | Sqlite, tmp_path: Path) -> Read:
    return Read(database.address, tmp_path)


def test_a_table_comes_whole(database, read):
    database.run(
        "create table orders (id bigint, amount decimal(12, 2), note varchar(20)); "
        "insert into orders values (1, 1.10, 'a'), (2, -0.01, 'é🙂'), (3, null, '')"
    )
    found = read()
    assert found.rows_counted == 3
    assert read.types()["id"] == "BIGINT"
    assert [id_ for (id_,) in read.rows("id")] == [1, 2, 3]
    amounts = [None if x is None else float(x) for x in read.texts("amount")]
    assert amounts == [1.10, -0.01, None]
    assert read.texts("note") == ["a", "é🙂", ""]


def test_an_empty_table_has_its_columns(database, read):
    database.run(NOTES)
    assert read().rows_counted == 0
    assert list(read.types()) == ["id", "note"]
    assert read.rows() == []


def test_the_hash_is_of_the_rows_in_any_order(database, read):
    database.run(f"{NOTES}; insert into orders values (1, 'a'), (2, 'b'), (3, null)")
    before = read()
    database.run("delete from orders where id = 1; insert into orders values (1, 'a')")
    assert read() == before
    database.run("update orders set note = 'c' where id = 2")
    assert read().content_hash != before.content_hash


def test_values_that_change_places_change_the_hash(database, read):
    database.run(f"{NOTES}; insert into orders values (1, 'a'), (2, 'b')")
    before = read()
    database.run("update orders set note = case when id = 1 then 'b' else 'a' end")
    assert read().content_hash != before.content_hash


def test_a_view_is_a_table(database, read):
    database.run(f"{NOTES}; insert into orders values (1, 'a'), (2, 'b')")
    database.run("create view seen as select id from orders where id > 1")
    assert read(relation="seen").rows_counted == 1
    assert read.rows() == [(2,)]


def test_names_are_taken_as_they_are_written(database, read):
    quote = "`" if "mysql" in database.address else '"'

    def quoted(name: str) -> str:
        return f"{quote}{name.replace(quote, quote * 2)}{quote}"

    names = ["Id No", "Größe", "a`b", "it's", "from", 'say "it"']
    for name in ("Order Lines", "a.b"):
        database.run(f"drop table if exists {quoted(name)}")
        made = ", ".join(f"{quoted(name)} bigint" for name in names)
        database.run(f"create table {quoted(name)} ({made})")
        numbers = ", ".join(str(n) for n in range(len(names)))
        database.run(f"insert into {quoted(name)} values ({numbers})")
    wanted = columns({"Id No": "bigint", "it's": "bigint"})
    for relation in ("Order Lines", '"Order Lines"', '"a.b"', "`a.b`"):
        assert read(relation=relation, columns=wanted).rows_counted == 1
        assert read.rows(order="all") == [tuple(range(len(names)))]
        assert list(read.types()) == names


def test_a_missing_column_is_named_with_those_there_are(database, read):
    database.run("create table orders (id bigint, notes varchar(20))")
    message = refusal(read, columns=columns({"id": "bigint", "note": "varchar"}))
    assert "column note is missing; it has id, notes" in message
    assert not read.target.exists()


def test_an_unknown_table_is_told_the_nearest(database, read):
    database.run("create table orders (id bigint)")
    message = refusal(read, relation="ordres")
    assert "there is no such table. Did you mean '" in message
    assert "orders'?" in message


@pytest.mark.parametrize("since", [None, 3, 5, 99])
def test_rows_from_a_number_on_are_read(database, read, since):
    database.run(
        "create table orders (id bigint, version integer); "
        "insert into orders values (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, null)"
    )
    types = columns({"id": "bigint", "version": "integer"})
    found = read(columns=types, cursor="version", since=since)
    expected = [n for n in range(1, 6) if since is None or n >= since] + [6]
    assert [id_ for (id_,) in read.rows("id")] == expected
    assert found.rows_counted == len(expected)


TIMES = columns({"id": "bigint", "changed_at": "timestamp"})


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        (None, [1, 2, 3, 4]),
        (datetime(2026, 3, 1, 12), [2, 3, 4]),
        (datetime(2026, 3, 1, 12, 0, 0, 1), [3, 4]),
        (date(2026, 3, 2), [3, 4]),
    ],
)
def test_rows_from_a_time_on_are_read(database, read, since, expected):
    type_ = "datetime(6)" if "mysql" in database.address else "timestamp"
    database.run(
        f"create table orders (id bigint, changed_at {type_}); insert into orders "
        "values (1, '2026-03-01 11:59:59.999999'), (2, '2026-03-01 12:00:00'), "
        "(3, '2026-03-02 00:00:00'), (4, null)"
    )
    read(columns=TIMES, cursor="changed_at", since=since)
    ids = [id_ for (id_,) in read.rows("id")]
    if "sqlite" in database.address and since:
        # Texts are read from the day before on: more than has to be, never less.
        assert set(expected) <= set(ids)
    else:
        assert ids == expected


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_a_cursor_is_a_moment_in_the_contracts_zone(server, request, tmp_path):
    database = request.getfixturevalue(server)
    stored = "timestamptz" if server == "postgresql" else "timestamp(6) null"
    zone = "timezone to 'UTC'" if server == "postgresql" else "time_zone = '+00:00'"
    database.run("drop view if exists seen; drop table if exists orders")
    database.run(
        f"create table orders (id bigint, changed_at {stored}); set {zone}; "
        # 02:30 in Berlin, twice.
        "insert into orders values (1, '2026-10-25 00:29:00'), "
        "(2, '2026-10-25 00:30:00'), (3, '2026-10-25 01:30:00')"
    )
    read = Read(database.address, tmp_path)
    since = datetime(2026, 10, 25, 2, 30)
    berlin = {"timezone": "Europe/Berlin", "columns": TIMES, "cursor": "changed_at"}
    read(since=since, **berlin)
    assert [id_ for (id_,) in read.rows("id")] == [2, 3]
    moments = read.rows("changed_at::timestamptz = '2026-10-25 00:30:00+00'")
    assert moments == [(True,), (False,)]


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
@pytest.mark.parametrize("type_", ["bigint", "timestamp"])
def test_a_cursor_of_another_type_is_refused(server, type_, request, tmp_path):
    database = request.getfixturevalue(server)
    database.run("drop view if exists seen; drop table if exists orders")
    database.run("create table orders (id bigint, version varchar(20))")
    read = Read(database.address, tmp_path)
    types = columns({"id": "bigint", "version": type_})
    message = refusal(read, columns=types, cursor="version")
    assert "its cursor version is no" in message
    assert "varying(20)" in message or "varchar(20)" in message


# Writers change the first and the last row and add ten, in one transaction each.
ROWS, ADDED, CHANGES = 200_000, 10, 20_000


def change(number: int) -> str:
    rows = ", ".join(f"({1_000_000 + number * ADDED + n}, 0)" for n in range(ADDED))
    return (
        f"begin; update orders set version = {number} where id in (1, {ROWS}); "
        f"insert into orders values {rows}; commit;\n"
    )


NUMBERS = {
    "postgresql": f"select n, 0 from generate_series(1, {ROWS}) as numbers (n)",
    "mariadb": f"select seq, 0 from seq_1_to_{ROWS}",
    "sqlite": "with recursive numbers (n) as (select 1 union all select n + 1 "
    f"from numbers where n < {ROWS}) select n, 0 from numbers",
}


@pytest.mark.parametrize("server", NUMBERS)
def test_a_table_is_read_as_it_was_at_one_moment(server, request, tmp_path):
    database = request.getfixturevalue(server)
    if server == "sqlite":
        # Else its writers would wait for the reader.
        database.run("pragma journal_mode = wal")
    database.run("drop view if exists seen; drop table if exists orders")
    database.run("create table orders (id bigint primary key, version bigint)")
    database.run(f"insert into orders {NUMBERS[server]}")
    read = Read(database.address, tmp_path)
    with database.writing("".join(map(change, range(1, CHANGES)))):
        while newest(database) < 5:
            pass
        before = newest(database)
        found = read()
        after = newest(database)
    assert_one_moment(read, found, before, after)


def newest(database: Server) -> int:
    return int(database.run("select max(version) from orders"))


def assert_one_moment(read: Read, found: Extract, before: int, after: int) -> None:
    versions = read.rows(f"id, version from '{read.target}' where id in (1, {ROWS}) --")
    (_, first), (_, last) = sorted(versions)
    assert first == last
    assert before <= first <= after
    assert before < after, "nobody wrote while it was read"
    assert found.rows_counted == len(read.rows("id")) == ROWS + ADDED * first
