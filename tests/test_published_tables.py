"""Published tables: the same as the build's, whatever was written before."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.published_tables import write_tables
from ingest.sql import create_database

SCHEMAS = ["core", "marts"]
KEYS = {"core.lines": ["day", "line"]}
FIRST = datetime(2026, 11, 1)

# What a run makes of some keys: lines anew, or nothing any more.
runs = st.lists(
    st.dictionaries(
        st.tuples(st.integers(1, 3), st.integers(1, 3)),
        st.none() | st.integers(1, 9),
        max_size=4,
    ),
    min_size=1,
    max_size=6,
)


class Build:
    """A build database of one table that goes on, and one that is made each time."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "build.duckdb"
        self.file = folder / "published.duckdb"
        create_database(self.path)
        self.moment = FIRST
        self.execute("create schema core; create schema marts; create schema raw")
        self.execute(
            """create table core.lines
            (day integer, line integer, amount integer, _loaded_at timestamp);
            comment on table core.lines is 'One row per line.';
            comment on column core.lines.amount is 'Money.';
            create table raw.lines (secret varchar)"""
        )

    def execute(self, sql: str, *parameters) -> list[tuple]:
        with duckdb.connect(self.path) as connection:
            return connection.execute(sql, parameters).fetchall()

    def run(self, made: dict[tuple[int, int], int | None]) -> None:
        self.moment += timedelta(days=1)
        with duckdb.connect(self.path) as connection:
            for key, amount in made.items():
                where = "where day = ? and line = ?"
                connection.execute(f"delete from core.lines {where}", key)
                if amount is not None:
                    connection.execute(
                        "insert into core.lines values (?, ?, ?, ?)",
                        [*key, amount, self.moment],
                    )
            connection.execute(
                """create or replace table marts.total as
                select sum(amount) as amount from core.lines"""
            )

    def publish(self) -> None:
        write_tables(self.file, self.path, SCHEMAS, KEYS)

    def published(self, sql: str) -> list[tuple]:
        with duckdb.connect(self.file, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def require_same(self) -> None:
        for table in ("core.lines", "marts.total"):
            rows = f"from {table} order by all"
            assert self.published(rows) == self.execute(rows)


@pytest.fixture
def build(tmp_path):
    return Build(tmp_path)


@settings(deadline=None)
@given(history=runs, published=st.lists(st.booleans(), min_size=6, max_size=6))
def test_whatever_runs_did_and_whichever_were_published(
    tmp_path_factory, history, published
):
    build = Build(tmp_path_factory.mktemp("history"))
    for made, is_published in zip(history, published, strict=False):
        build.run(made)
        if is_published:
            build.publish()
            build.require_same()
    build.publish()
    build.require_same()


def test_rows_that_are_there_are_not_written_again(build):
    build.run({(1, 1): 5, (1, 2): 6})
    build.publish()
    with duckdb.connect(build.file) as connection:
        connection.execute("update core.lines set amount = 50 where line = 1")
    build.run({(1, 2): 7, (1, 3): 8})
    build.publish()
    amounts = build.published("select amount from core.lines order by line")
    assert amounts == [(50,), (7,), (8,)]


def test_descriptions_and_nothing_of_other_schemas(build):
    build.run({(1, 1): 5})
    build.publish()
    for _ in range(2):
        assert build.published(
            """select schema_name, table_name, comment from duckdb_tables()
            order by all"""
        ) == [("core", "lines", "One row per line."), ("marts", "total", None)]
        assert build.published(
            """select column_name, comment from duckdb_columns()
            where comment is not null"""
        ) == [("amount", "Money.")]
        build.run({(1, 2): 5})
        build.publish()


def test_a_table_that_the_build_no_longer_has_is_gone(build):
    build.run({(1, 1): 5})
    build.execute("create table marts.old as select 1 as n")
    build.publish()
    build.execute("drop table marts.old")
    build.publish()
    build.require_same()
    assert build.published("select count(*) from duckdb_tables()") == [(2,)]


def another_build(build):
    build.execute("delete from core.lines")
    build.run({(1, 1): 9})


def another_column(build):
    build.execute("alter table core.lines add column note varchar default 'x'")


def damaged(build):
    build.file.write_bytes(bytes(9_999))


def gone(build):
    build.file.unlink()


@pytest.mark.parametrize("change", [another_build, another_column, damaged, gone])
def test_what_does_not_go_on_is_written_whole(build, change):
    build.run({(1, 1): 5, (2, 1): 6})
    build.publish()
    change(build)
    build.publish()
    build.require_same()


def test_who_looks_into_the_file_is_not_in_the_way(build):
    build.run({(1, 1): 5})
    build.publish()
    looks = f"import duckdb; c = duckdb.connect({str(build.file)!r}, read_only=True)"
    reader = subprocess.Popen(
        [sys.executable, "-c", f"{looks}; print(flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with reader:
        reader.stdout.readline()
        build.run({(1, 2): 6})
        build.publish()
        build.require_same()
        reader.stdin.close()
