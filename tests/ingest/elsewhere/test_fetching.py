"""Fetching: what is new in a database, whole or not at all, and then landed."""

import os
import re
import signal
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from dbt_models import Deployment, WarehouseError
from ingest.contracts import Source, Table
from ingest.elsewhere import fetching
from ingest.elsewhere.databases import extract
from ingest.elsewhere.fetched import fetched_file
from ingest.elsewhere.fetching import Fetch, failure, fetch_all, fetch_table
from tests.ingest.elsewhere.servers import Server
from tests.ingest.elsewhere.till import BY_ID, BY_TIME, TILL, Till
from tests.ingest.shop import SALES


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
