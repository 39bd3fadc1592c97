"""However a history is cut up, shuffled and repeated: what is newest is the same.

So it is when builds go on from each other instead of beginning with nothing.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import date
from functools import partial
from itertools import groupby, permutations
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from duckdb import DuckDBPyConnection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbt_models import Deployment
from ingest.builds import Asked, open_build
from ingest.contracts import Table
from ingest.contracts.sources import read_source
from ingest.exports import ExportCatalog
from ingest.landing import land
from ingest.raw import show_table
from ingest.sql import connect
from tests.project_copy import project_with

SOURCE = Path(__file__).parent / "histories"
TABLES = {table.full_name for table in read_source(SOURCE).tables}
SNAPSHOTS = {"closings", "snapshots"}
HEADER = "id,version,text\n"
COLUMNS = "id, version, text"
# As many as the profile says: `make test` some, `make test-thorough` many.
tried = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

Row = tuple[int, int, str]
Files = dict[str, list[Row]]


# As what the last load of a build is compiled, before there is one.
BUILT = 987_654_321

Queries = dict[str, str]


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """Return a copy of the project that has the source, and a build."""
    copy = project_with(tmp_path_factory.mktemp("histories") / "project", SOURCE)
    deployment = Deployment(copy / "data", {"timezone": "UTC"}, {})
    open_build(deployment, Asked(), "fingerprint", "rules", TABLES)
    return copy


@pytest.fixture(scope="module")
def queries(project) -> Queries:
    """Return the SQL of the newest rows of each table, as dbt makes it."""
    return compiled(project)


@pytest.fixture(scope="module")
def queries_back(project, queries) -> Queries:
    """Return that of runs that look back."""
    return compiled(project, "update ops.run_parameters set known_at = '2026-01-01'")


@pytest.fixture(scope="module")
def queries_on(project, queries_back) -> Queries:
    """Return that of builds that go on, for what was touched since the load BUILT."""
    there = [
        f"create table staging.stg_histories__{name} (id bigint)"
        for name in queries_back.keys() - SNAPSHOTS
    ]
    goes_on = f"update ops.run_parameters set known_at = null, built_load_id = {BUILT}"
    found = compiled(project, "create schema staging", *there, goes_on)
    for name in SNAPSHOTS:
        del found[name]
    assert all(str(BUILT) in query for query in found.values())
    return found


def compiled(project: Path, *statements: str) -> Queries:
    """Return the SQL of each table as dbt compiles it in the build, once changed."""
    with connect(project / "data" / "build" / "warehouse.duckdb") as build:
        for statement in statements:
            build.execute(statement)
    models = project / "dbt_models"
    command = "from dbt.cli.main import cli; cli()"
    places = ["--project-dir", models, "--profiles-dir", models]
    outcome = subprocess.run(
        [sys.executable, "-c", command, "compile", "--select", "stg_histories__*"]
        + [*places, "--vars", json.dumps({"sources": {}})],
        env={**os.environ, "CRM_DATA": str(project / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout
    return {
        path.stem.partition("__")[2]: path.read_text()
        for path in models.rglob("compiled/**/stg_histories__*.sql")
    }


@pytest.fixture(scope="module")
def tables() -> dict[str, Table]:
    return {table.name: table for table in read_source(SOURCE).tables}


@pytest.fixture
def newest(queries, queries_back, tables) -> Callable[..., list[tuple]]:
    """Return what tells the newest rows after files were delivered in batches."""

    def rows(
        name: str,
        batches: Iterable[Files],
        columns: str = COLUMNS,
        known_at: date | None = None,
        is_archived: bool = False,
    ) -> list[tuple]:
        with TemporaryDirectory() as folder:
            deployment = shop(folder)
            for batch in batches:
                deliver(deployment, tables[name], batch)
                if is_archived:
                    for path in deployment.exports.rglob("*.csv"):
                        path.unlink()
            open_build(
                deployment,
                Asked(known_at=known_at),
                "fingerprint",
                "rules",
                TABLES,
            )
            show_table(deployment, tables[name])
            query = (queries_back if known_at else queries)[name]
            with connect(deployment.build_database) as build:
                return build.execute(
                    f"select {columns} from ({query}) order by all"
                ).fetchall()

    return rows


@pytest.fixture
def built(queries, queries_on, tables) -> Callable[..., None]:
    """Return what builds after each batch, and compares with a build from nothing."""

    def build_on(name: str, batches: Iterable[Files]) -> None:
        with TemporaryDirectory() as folder:
            deployment = shop(folder)
            for batch in batches:
                deliver(deployment, tables[name], batch)
                open_build(deployment, Asked(), "fingerprint", "rules", TABLES)
                loads = show_table(deployment, tables[name])
                with connect(deployment.build_database) as build:
                    whole = f"select * exclude (_version_rank) from ({queries[name]})"
                    _materialize(build, whole, queries_on[name])
                    kept = build.execute("from staging.built order by all").fetchall()
                    assert kept == build.execute(f"{whole} order by all").fetchall()
                    # So ends a run that is published.
                    ids = [load.load_id for load in loads]
                    build.execute(
                        "insert into ops.build_info (load_ids) values (?)", [ids]
                    )

    return build_on


def _materialize(build: DuckDBPyConnection, whole: str, on: str) -> None:
    """Make the table as dbt's incremental materialization does."""
    (last,) = build.execute("select built_load_id from ops.run_parameters").fetchone()
    if last is None:
        build.execute("create schema staging")
        build.execute(f"create table staging.built as {whole}")
        return
    query = on.replace(str(BUILT), str(last))
    build.execute(
        f"create table staging.new as select * exclude (_version_rank) from ({query})"
    )
    build.execute(
        "delete from staging.built where _row_id in (select _row_id from staging.new)"
    )
    build.execute("insert into staging.built from staging.new")
    build.execute("drop table staging.new")


def shop(folder: str) -> Deployment:
    params = {"timezone": "UTC", "accepted_snapshots": []}
    deployment = Deployment(Path(folder), params, {})
    (deployment.exports / SOURCE.name).mkdir(parents=True)
    return deployment


def deliver(deployment: Deployment, table: Table, files: Files) -> None:
    for file, content in files.items():
        lines = (",".join(map(str, row)) + "\n" for row in content)
        path = deployment.exports / SOURCE.name / f"{table.name}_{file}.csv"
        path.write_text(HEADER + "".join(lines))
    land(table, deployment, ExportCatalog(deployment))


def cut(data: st.DataObject, files: Files) -> list[Files]:
    """Return the files in batches: shuffled, some of them delivered twice."""
    names = data.draw(st.permutations(sorted(files)))
    names += data.draw(st.lists(st.sampled_from(sorted(files)), max_size=2))
    batches: list[Files] = [{}]
    for name in names:
        if data.draw(st.booleans()):
            batches.append({})
        batches[-1][name] = files[name]
    return batches


ids = st.integers(1, 3)
texts = st.sampled_from(["a", "b", "c"])
# Each version of a key says one thing.
histories = st.dictionaries(st.tuples(ids, st.integers(1, 4)), texts, min_size=1).map(
    lambda found: [(key, version, text) for (key, version), text in found.items()]
)


def split(data: st.DataObject, rows: list[Row]) -> Files:
    """Return the rows in files, some of them in several."""
    count = data.draw(st.integers(1, 4))
    places = st.sets(st.integers(1, count), min_size=1)
    files: Files = {str(n): [] for n in range(1, count + 1)}
    for row in data.draw(st.permutations(rows)):
        for place in data.draw(places):
            files[str(place)].append(row)
    return files


@tried
@given(data=st.data(), history=histories)
def test_versions_that_say_which_is_newer_may_come_in_any_order(newest, data, history):
    at_once = newest("versions", [{"1": history}])
    assert newest("versions", cut(data, split(data, history))) == at_once
    latest = {}
    for key, version, text in sorted(history):
        latest[key] = (key, version, text)
    assert at_once == sorted(latest.values())


@tried
@given(data=st.data(), history=histories)
def test_events_with_a_key_may_come_in_any_order(newest, data, history):
    assert newest("events", cut(data, split(data, history))) == sorted(history)


days = st.dictionaries(
    st.integers(1, 5).map(lambda day: f"2026-01-0{day}"),
    st.dictionaries(ids, texts),
    min_size=1,
).map(
    lambda found: {
        day: [(key, int(day[-1]), text) for key, text in rows.items()]
        for day, rows in found.items()
    }
)


def last_of(name: str, states: Iterable[list[Row]]) -> list[Row]:
    """Return what holds after a table was in these states, one after the other."""
    rows: dict[int, Row] = {}
    # What says the same as the one before it is no delivery.
    for state, _ in groupby(states):
        found = {row[0]: row for row in state}
        # More than half of a table is never deleted at once.
        is_whole = 2 * len(rows.keys() - found.keys()) <= len(rows)
        rows = found if name == "snapshots" and is_whole else rows | found
    return sorted(rows.values())


@tried
@given(data=st.data(), files=days)
def test_dated_changes_may_come_in_any_order(newest, data, files):
    one_by_one = [{day: rows} for day, rows in sorted(files.items())]
    dated = partial(newest, "changes", columns=f"{COLUMNS}, _known_at")
    shuffled = dated(cut(data, files))
    assert shuffled == dated(one_by_one) == dated([files])
    in_order = [rows for _, rows in sorted(files.items())]
    assert [row[:3] for row in shuffled] == last_of("changes", in_order)


several_a_day = st.dictionaries(
    st.tuples(st.integers(1, 3), st.sampled_from("ab")).map(
        lambda found: f"2026-01-0{found[0]}_{found[1]}"
    ),
    st.dictionaries(ids, st.sampled_from("ab"), max_size=2).map(
        lambda rows: [(key, 0, text) for key, text in rows.items()]
    ),
    min_size=1,
)


@tried
@given(data=st.data(), files=several_a_day)
@pytest.mark.parametrize("name", ["changes", "events"])
def test_several_files_of_a_date_may_come_in_any_order(newest, name, data, files):
    """Also where they say what another one has said."""
    dated = partial(newest, name, columns=f"{COLUMNS}, _known_at")
    shuffled = dated(cut(data, files))
    assert shuffled == dated([files])
    if name == "changes":
        in_order = [rows for _, rows in sorted(files.items())]
        assert [row[:3] for row in shuffled] == last_of(name, in_order)


@tried
@given(data=st.data(), files=days)
def test_dated_snapshots_may_come_in_any_order(newest, data, files):
    dated = partial(newest, "snapshots", columns=f"{COLUMNS}, _known_at")
    shuffled = dated(cut(data, files))
    assert shuffled == dated([files])
    in_order = [rows for _, rows in sorted(files.items())]
    assert [row[:3] for row in shuffled] == last_of("snapshots", in_order)


@pytest.mark.parametrize("days", list(permutations([1, 2, 3])))
def test_a_snapshot_that_is_cut_off_does_not_confirm_itself(newest, days):
    """With what only it has, it lacks no more than half of what there is."""
    states = {1: [(1, 0, "a")], 2: [(2, 0, "b")], 3: [(2, 0, "b")]}
    batches = [{f"2026-01-0{day}": states[day]} for day in days]
    assert newest("snapshots", batches) == [(1, 0, "a"), (2, 0, "b")]


states = st.lists(st.dictionaries(ids, texts), min_size=1, max_size=5)


@tried
@given(data=st.data(), states=states)
@pytest.mark.parametrize("name", ["changes", "snapshots"])
def test_files_may_go_once_they_are_landed(newest, name, data, states):
    """Also those that said what the one before them said, until one came between."""
    files = {
        f"2026-01-0{day}": [(key, 0, text) for key, text in state.items()]
        for day, state in enumerate(states, start=1)
    }
    dated = partial(newest, name, columns=f"{COLUMNS}, _known_at")
    one_by_one = dated(cut(data, files), is_archived=True)
    assert one_by_one == dated([files])
    assert [row[:3] for row in one_by_one] == last_of(name, files.values())


@tried
@given(data=st.data(), files=days, day=st.integers(1, 5))
@pytest.mark.parametrize("name", ["changes", "snapshots"])
def test_what_was_known_then_is_what_had_come_by_then(newest, name, data, files, day):
    until = date(2026, 1, day)
    had_come = {d: rows for d, rows in files.items() if d <= until.isoformat()}
    then = newest(name, cut(data, files), known_at=until)
    assert then == (newest(name, [had_come]) if had_come else [])


def test_rows_of_a_later_snapshot_were_not_known_before_it(newest):
    """Even if they say of themselves that they were: nobody had told the company."""
    march = [(n, date(2026, n, 5), "as in March") for n in (1, 2, 3)]
    april = [(1, date(2026, 1, 5), "as in March"), (2, date(2026, 2, 5), "corrected")]
    batches = [{"2026-03-10": march}, {"2026-04-10": april}]
    known_at = partial(newest, "closings", batches)
    assert known_at(known_at=date(2026, 4, 15)) == april
    assert known_at(known_at=date(2026, 3, 15)) == march
    # Of the time before the first delivery only that can tell.
    assert known_at(known_at=date(2026, 2, 10)) == march[:2]


@tried
@given(data=st.data(), rows=st.lists(st.tuples(ids, ids, texts), min_size=1))
def test_genuine_duplicates_stay_and_overlaps_add_nothing(newest, data, rows):
    """Deliveries may overlap, but none holds a part of rows that are the same."""
    files = split(data, sorted(set(rows)))
    for name, found in files.items():
        files[name] = [row for row in rows if row in found]
    assert newest("unkeyed", cut(data, files)) == sorted(rows)


@tried
@given(states=st.lists(st.dictionaries(ids, texts, min_size=1), min_size=1, max_size=4))
@pytest.mark.parametrize("name", ["changes", "snapshots"])
def test_without_dates_the_order_of_arrival_rules(newest, name, states):
    """A, B, A ends in A."""
    rows = [[(key, 0, text) for key, text in state.items()] for state in states]
    assert newest(name, [{"all": found} for found in rows]) == last_of(name, rows)


@tried
@given(data=st.data(), history=histories)
@pytest.mark.parametrize("name", ["versions", "events"])
def test_a_build_that_goes_on_has_what_one_from_nothing_has(built, name, data, history):
    built(name, cut(data, split(data, history)))


@tried
@given(data=st.data(), files=days)
def test_a_build_goes_on_with_dated_changes_that_come_late(built, data, files):
    built("changes", cut(data, files))


@tried
@given(states=st.lists(st.dictionaries(ids, texts, min_size=1), min_size=1, max_size=4))
def test_a_build_goes_on_with_what_arrives(built, states):
    rows = [[(key, 0, text) for key, text in state.items()] for state in states]
    built("changes", [{"all": found} for found in rows])


@tried
@given(data=st.data(), rows=st.lists(st.tuples(ids, ids, texts), min_size=1))
def test_a_build_goes_on_with_rows_that_have_no_key(built, data, rows):
    built("unkeyed", cut(data, split(data, rows)))
