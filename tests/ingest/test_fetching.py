"""Fetching: what is new in a database, whole or not at all, and then landed."""

import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from dbt_models import Deployment, WarehouseError
from ingest.contracts import Source, Table
from ingest.elsewhere import fetching
from ingest.elsewhere.connections import connections_file
from ingest.elsewhere.cursors import first_to_read
from ingest.elsewhere.databases import extract
from ingest.elsewhere.fetched import fetched_file
from ingest.elsewhere.fetching import Fetch, failure, fetch_all, fetch_table
from tests.ingest.servers import Server, Sqlite
from tests.ingest.shop import SALES, Shop, columns

TILL = replace(
    SALES,
    export=None,
    delivery="upsert",
    columns=columns(
        {
            "id": "bigint",
            "amount": "decimal(12, 2)",
            "note": "varchar",
            "changed_at": "timestamp",
        }
    ),
    connection="till",
    relation="sales",
)
BY_TIME = replace(TILL, cursor="changed_at", overlap=timedelta(days=1))
BY_ID = replace(TILL, delivery="append", cursor="id", overlap=2)


class Till:
    """A till with a database, and the deployment that reads it."""

    def __init__(self, shop: Shop, database: Sqlite | Server):
        self.shop = shop
        self.deployment = shop.deployment
        self.database = database
        self.run = database.run
        path = connections_file(self.deployment)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"till: {database.address}\n")
        path.chmod(0o600)

    def sell(self, *ids: int, changed_at: str = "2026-03-01 12:00:00") -> None:
        for id_ in ids:
            self.run(
                f"delete from sales where id = {id_}; insert into sales values "
                f"({id_}, {id_}.50, 'note', '{changed_at}')"
            )

    def fetch(self, table: Table = TILL) -> Fetch:
        return fetch_table(self.deployment, table)

    def ids(self, table: Table = TILL) -> list[int]:
        """Return what lies there, fetched, in order."""
        path = fetched_file(self.deployment, table).path
        rows = duckdb.sql(f"select id from '{path}' order by all").fetchall()
        return [id_ for (id_,) in rows]

    def land(self, table: Table = TILL) -> int:
        """Land what was fetched, and return how many loads that made."""
        return len(self.shop.land(table))

    def left(self) -> set[str]:
        folder = self.deployment.build / "fetched" / "shop" / "sales"
        return {path.name for path in folder.iterdir()}


@pytest.fixture
def till(shop: Shop, tmp_path: Path) -> Till:
    till = Till(shop, Sqlite(tmp_path / "till.db"))
    till.run(
        "create table sales (id integer, amount decimal(12, 2), note text, "
        "changed_at datetime)"
    )
    return till


def test_nothing_is_fetched_of_files(shop, monkeypatch):
    source = Source("shop", "UTC", "EUR", (SALES,), ())
    monkeypatch.setattr(fetching, "active_sources", lambda _: [source])
    fetch_all(shop.deployment)
    assert not shop.deployment.build.exists()


def test_a_table_that_comes_as_files_now_has_not_failed(till, monkeypatch):
    till.run("drop table sales")
    source = Source("shop", "UTC", "EUR", (TILL,), ())
    monkeypatch.setattr(fetching, "active_sources", lambda _: [source])
    fetch_all(till.deployment)
    assert "no such table" in failure(till.deployment, TILL)
    assert failure(till.deployment, SALES) is None


def test_what_nobody_has_foreseen_stops_one_table_only(till, monkeypatch):
    def fail(deployment: Deployment, table: Table) -> None:
        if table.name == "sales":
            raise ValueError("not a number: Ann Smith, pass@word")
        fetch_table(deployment, table)

    returns = replace(TILL, name="returns")
    source = Source("shop", "UTC", "EUR", (TILL, returns), ())
    monkeypatch.setattr(fetching, "active_sources", lambda _: [source])
    with monkeypatch.context() as patch:
        patch.setattr(fetching, "fetch_table", fail)
        fetch_all(till.deployment)
    said = failure(till.deployment, TILL)
    assert "shop.sales (till/sales) could not be fetched" in said
    assert "ValueError in test_fetching.py, line " in said
    assert "Ann" not in said
    assert "pass@word" not in said
    assert fetched_file(till.deployment, returns).rows_counted == 0
    fetch_all(till.deployment)
    assert failure(till.deployment, TILL) is None


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, os.strerror(28))])
def test_who_stops_a_run_and_a_full_disk_are_nobodys_failure(till, monkeypatch, error):
    def fail(deployment: Deployment, table: Table) -> None:
        raise error

    source = Source("shop", "UTC", "EUR", (TILL,), ())
    monkeypatch.setattr(fetching, "active_sources", lambda _: [source])
    monkeypatch.setattr(fetching, "fetch_table", fail)
    with pytest.raises(type(error)):
        fetch_all(till.deployment)
    assert failure(till.deployment, TILL) is None


def test_a_table_is_fetched_whole(till):
    till.sell(1, 2)
    assert till.fetch() == Fetch(TILL, None, 2, True)
    found = fetched_file(till.deployment, TILL)
    assert (found.name, found.rows_counted) == ("till/sales", 2)
    assert found.size_bytes == found.path.stat().st_size
    assert till.ids() == [1, 2]
    assert till.left() == {found.path.name, "fetched.json"}


def test_before_the_first_fetch_there_is_nothing(till):
    assert fetched_file(till.deployment, TILL) is None


def test_what_was_fetched_lands(till):
    till.sell(1, 2)
    till.fetch()
    assert till.land() == 1
    assert till.shop.rows("id, amount::varchar, note, changed_at", TILL) == [
        (1, "1.50", "note", datetime(2026, 3, 1, 12)),
        (2, "2.50", "note", datetime(2026, 3, 1, 12)),
    ]


@pytest.mark.parametrize("table", [TILL, BY_TIME, BY_ID], ids=["all", "time", "id"])
def test_nothing_new_leaves_the_file_as_it_is(till, table):
    till.sell(1, 2, 3, 4)
    assert till.fetch(table).is_new
    before = fetched_file(till.deployment, table)
    for _ in range(3):
        till.land(table)
        assert not till.fetch(table).is_new
        found = fetched_file(till.deployment, table)
        assert replace(found, taken_at=before.taken_at) == before
        assert found.taken_at > before.taken_at


def test_only_what_is_new_by_time_is_read(till):
    till.sell(1, changed_at="2026-03-01 12:00:00")
    till.sell(2, changed_at="2026-03-05 12:00:00")
    assert till.fetch(BY_TIME).since is None
    till.land(BY_TIME)
    till.sell(3, changed_at="2026-03-05 12:00:01")
    till.sell(4, changed_at="2026-03-04 12:00:00")
    done = till.fetch(BY_TIME)
    assert (done.since, done.is_new) == (datetime(2026, 3, 4, 12), True)
    assert till.ids(BY_TIME) == [2, 3, 4]


def test_only_what_is_new_by_number_is_read(till):
    till.sell(*range(1, 6))
    till.fetch(BY_ID)
    till.land(BY_ID)
    till.sell(6)
    assert till.fetch(BY_ID).since == 3
    assert till.ids(BY_ID) == [3, 4, 5, 6]


def test_a_change_within_the_overlap_is_new(till):
    till.sell(1, 2)
    till.fetch(BY_TIME)
    till.land(BY_TIME)
    till.run("update sales set note = 'changed' where id = 1")
    assert till.fetch(BY_TIME).is_new
    assert till.land(BY_TIME) == 1
    # Once more, there is nothing new.
    assert not till.fetch(BY_TIME).is_new


def test_what_was_fetched_and_not_landed_is_read_again(till):
    till.sell(1, changed_at="2026-03-01 12:00:00")
    till.fetch(BY_TIME)
    till.land(BY_TIME)
    till.sell(2, changed_at="2026-03-05 12:00:00")
    till.fetch(BY_TIME)
    till.sell(3, changed_at="2026-03-09 12:00:00")
    till.fetch(BY_TIME)
    assert till.ids(BY_TIME) == [1, 2, 3]


def test_a_build_that_was_deleted_loses_nothing(till):
    till.sell(1)
    till.fetch(BY_ID)
    till.land(BY_ID)
    shutil.rmtree(till.deployment.build)
    till.sell(2)
    assert till.fetch(BY_ID).since == -1
    assert till.ids(BY_ID) == [1, 2]


def test_rows_without_a_cursor_are_always_read(till):
    till.sell(1)
    till.run("insert into sales values (2, 1, 'x', null)")
    till.fetch(BY_TIME)
    till.land(BY_TIME)
    till.sell(3, changed_at="2026-09-01 12:00:00")
    till.fetch(BY_TIME)
    till.land(BY_TIME)
    till.sell(4, changed_at="2026-09-02 12:00:00")
    till.fetch(BY_TIME)
    assert till.ids(BY_TIME) == [2, 3, 4]


def test_a_time_that_is_not_due_hides_nothing(till):
    till.sell(1, changed_at="2026-03-01 12:00:00")
    till.sell(2, changed_at="9999-12-31 00:00:00")
    till.fetch(BY_TIME)
    till.land(BY_TIME)
    till.sell(3, changed_at="2026-03-02 12:00:00")
    assert till.fetch(BY_TIME).since == datetime(2026, 2, 28, 12)
    assert till.ids(BY_TIME) == [1, 2, 3]


@pytest.mark.parametrize(
    ("type_", "overlap", "value", "since"),
    [
        ("date", timedelta(days=2), "2026-03-03", date(2026, 3, 1)),
        ("date", timedelta(days=2), "0001-01-01", None),
        ("timestamp", timedelta(days=2), "2026-03-03", datetime(2026, 3, 1)),
        ("integer", 5, "7", 2),
        ("bigint", 0, "7", 7),
    ],
)
def test_reading_begins_below_what_is_landed(shop, type_, overlap, value, since):
    table = replace(
        SALES,
        columns=columns({"id": "bigint", "amount": "double", "version": type_}),
        cursor="version",
        overlap=overlap,
    )
    assert first_to_read(shop.deployment, table) is None
    shop.export("sales.csv", f"id,amount,version\n1,1,{value}\n2,1,\n")
    shop.land(table)
    assert first_to_read(shop.deployment, table) == since


def test_a_cursor_that_was_not_landed_yet_reads_everything(shop):
    shop.export("sales.csv", "id,amount,note\n1,1,a\n")
    shop.land()
    assert first_to_read(shop.deployment, BY_TIME) is None


def test_rows_that_an_earlier_contract_refused_are_read_again_once(till):
    lenient = replace(BY_ID, max_rejects=0.5)
    narrow = replace(
        lenient, columns=(*BY_ID.columns[:2], *columns({"note": "integer"}))
    )
    till.sell(*range(1, 9))
    till.run("update sales set note = 7 where id <> 3")
    till.fetch(narrow)
    till.land(narrow)
    assert [load.rows_rejected for load in till.shop.loads()] == [1]
    till.sell(9)
    till.run("update sales set note = 7 where id = 9")
    assert till.fetch(narrow).since == 6
    # Mended, it begins where the refused row was read.
    assert till.fetch(lenient).since is None
    till.land(lenient)
    assert 3 in [id_ for (id_,) in till.shop.rows("id", lenient)]
    assert till.fetch(lenient).since == 7


def test_another_relation_is_another_file(till):
    till.sell(1)
    till.fetch()
    assert fetched_file(till.deployment, replace(TILL, relation="returns")) is None


@pytest.mark.parametrize("damage", ["{", "[]", "{}", '{"path": "x"}'])
def test_a_damaged_record_is_nothing(till, damage):
    till.sell(1)
    till.fetch()
    found = fetched_file(till.deployment, TILL)
    (found.path.parent / "fetched.json").write_text(damage)
    assert fetched_file(till.deployment, TILL) is None
    assert till.fetch().is_new


def test_a_file_that_was_cut_is_nothing(till):
    till.sell(1)
    till.fetch()
    path = fetched_file(till.deployment, TILL).path
    path.write_bytes(path.read_bytes()[:-1])
    assert fetched_file(till.deployment, TILL) is None


STEPS = {
    "while reading": (fetching, "extract"),
    "before the file is shown": (Path, "rename"),
    "before the record is written": (fetching, "record"),
    "before the record counts": (Path, "replace"),
    "before the other file is gone": (Path, "unlink"),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_fetch_leaves_the_one_before_or_itself(till, monkeypatch, step):
    class Killed(BaseException):
        pass

    def kill(*args: object, **options: object) -> None:
        if step == "while reading":
            extract(*args)
        raise Killed

    till.sell(1)
    till.fetch()
    till.sell(2)
    with monkeypatch.context() as patch:
        patch.setattr(*STEPS[step], kill)
        with pytest.raises(Killed):
            till.fetch()
    found = fetched_file(till.deployment, TILL)
    assert found.rows_counted == len(till.ids()) >= 1
    till.fetch()
    assert till.ids() == [1, 2]
    assert len(till.left()) == 2


def test_a_failed_fetch_leaves_the_one_before(till):
    till.sell(1)
    till.fetch()
    before = fetched_file(till.deployment, TILL)
    till.run("alter table sales rename to sold")
    with pytest.raises(WarehouseError, match="there is no such table"):
        till.fetch()
    assert fetched_file(till.deployment, TILL) == before
    assert till.left() == {before.path.name, "fetched.json"}


def test_an_unknown_connection_is_told(till):
    with pytest.raises(WarehouseError, match="Did you mean 'till'"):
        till.fetch(replace(TILL, connection="tills"))


# A view that takes its time, and who is reading it.
SLOW = {
    "postgresql": (
        "create view slow as select id, amount, note, changed_at from sales "
        "where id % 1000 <> 0 or pg_sleep(0.01)::text = ''",
        "insert into sales select n, n, 'note', timestamp '2026-03-01' "
        "from generate_series(1, 200000) as numbers (n)",
        "select pid from pg_stat_activity where query like 'COPY%'",
    ),
    "mariadb": (
        "create view slow as select id, amount, note, changed_at from sales "
        "where id % 1000 <> 0 or sleep(0.01) = 0",
        "insert into sales select seq, seq, 'note', '2026-03-01' from seq_1_to_200000",
        "select id from information_schema.processlist where info like '%found%' "
        "and user = 'reader'",
    ),
}


@contextmanager
def while_reading(server: Server, who: str, what: Callable[[str], None]):
    """Do something to the server's process that reads, as soon as there is one."""
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.is_set():
            found = server.run(who).split()
            if found:
                # Some rows have come by now.
                time.sleep(0.3)
                what(found[0])
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()


def until_it_answers(server: Server) -> None:
    for _ in range(100):
        try:
            server.run("select 1")
        except AssertionError:
            time.sleep(0.1)
        else:
            return


ENDS = {
    "its connection is ended": (
        "postgresql",
        lambda server, pid: server.run(f"select pg_terminate_backend({pid})"),
    ),
    "it is killed": ("postgresql", lambda _, pid: os.kill(int(pid), signal.SIGKILL)),
    "its query is ended": ("mariadb", lambda server, id_: server.run(f"kill {id_}")),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_server_that_goes_half_way(shop, request, end):
    name, stop = ENDS[end]
    server = request.getfixturevalue(name)
    view, rows, who = SLOW[name]
    time_ = "timestamp" if name == "postgresql" else "datetime"
    server.run(
        "drop view if exists slow; drop table if exists sales; create table sales "
        f"(id bigint, amount decimal(12, 2), note varchar(20), changed_at {time_})"
    )
    till = Till(shop, server)
    till.sell(1)
    till.fetch()
    till.land()
    before = fetched_file(till.deployment, TILL)
    till.run(f"delete from sales; {rows}; {view}")
    slow = replace(TILL, relation="slow")
    with (
        while_reading(server, who, lambda process: stop(server, process)),
        pytest.raises(WarehouseError) as caught,
    ):
        till.fetch(slow)
    message = str(caught.value)
    assert "shop.sales: table slow of the connection 'till': it cannot be" in message
    assert re.search("(terminating|server closed|Lost|EOF).*connection", message)
    assert "pass@word" not in message
    assert fetched_file(till.deployment, TILL) == before
    assert till.left() == {before.path.name, "fetched.json"}
    assert till.shop.rows("id", TILL) == [(1,)]
    until_it_answers(server)
    assert till.fetch().rows_read == 200_000
