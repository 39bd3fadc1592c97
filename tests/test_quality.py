"""Tables as expected or not: what stops, what is shown, what is kept."""

import fcntl
import hashlib
import json
import re
import shutil
from datetime import datetime
from html.parser import HTMLParser

import duckdb
import pytest

from dagster_project.defs.raw import raw
from dagster_project.quality_report import (
    Checked,
    Report,
    TableReport,
    read_report,
    write_page,
)
from dbt_models import load_deployment
from ingest.builds import Asked, open_build
from ingest.contracts.sources import active_sources
from ingest.exports import ExportCatalog
from ingest.landing import land
from ingest.raw import show_table
from tests.fixtures import line, small_grocer, write_transactions
from tests.online_retail import small_wholesaler

MARKED_UP = "products_<img src=x onerror=alert(1)>.parquet"


class _Page(HTMLParser):
    """The text and the addresses of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.text = set(), [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.addresses += [v for name, v in attrs if name in {"src", "href"}]

    def handle_data(self, data):
        self.text += f" {data} "


def page(data):
    return (data / "build" / "quality.html").read_text()


def words(data):
    return " ".join(_Page(page(data)).text.split())


def digest(data):
    published = (data / "published" / "warehouse.duckdb").read_bytes()
    return hashlib.sha256(published).hexdigest()


def tables(deployment):
    return [t for source in active_sources(deployment) for t in source.tables]


@pytest.fixture(scope="module")
def broken(tmp_path_factory, crm, grocer):
    """Return a deployment whose run failed: a fault of each kind, and its output."""
    data = shutil.copytree(grocer, tmp_path_factory.mktemp("broken") / "data")
    exports = data / "exports" / "complete_journey"
    # Not in one run: a contract may have become stricter since it was landed.
    (empty,) = data.glob("raw/complete_journey/demographics/*/1.parquet")
    rewrite(empty, "* replace (nullif(household_id, 3) as household_id)")
    (none,) = data.glob("raw/complete_journey/campaign_descriptions/*/1.parquet")
    rewrite(none, "*", "where false")
    products = duckdb.read_parquet(str(exports / "products.parquet"))
    products.limit(19).write_parquet(str(exports / MARKED_UP))
    (exports / "products.parquet").unlink()
    paid = datetime(2018, 1, 2)
    lines = [line(1, basket, 1, paid, "-3.00") for basket in range(80_000, 80_100)]
    write_transactions(exports / "transactions_2018-01.csv.gz", lines)
    return data, digest(data), crm(data, "run")


def rewrite(part, columns, where=""):
    """Change landed rows behind the back of ingest."""
    rows = duckdb.sql(f"select {columns} from read_parquet('{part}') {where}")
    rows.write_parquet(str(part.with_suffix(".new")))
    part.with_suffix(".new").rename(part)


FAULTS = {
    "demographics": "household_id is never empty",
    "campaign_descriptions": "the number of rows is at least 1",
    "transactions": "sales_value is between 0 and 10,000 in every row",
}


def test_faults_stop_the_run_and_nothing_is_published(broken):
    data, before, outcome = broken
    assert outcome.returncode == 1
    assert digest(data) == before
    assert "stg_complete_journey__transactions" not in outcome.stdout


@pytest.mark.parametrize("table", FAULTS)
def test_each_fault_is_named_with_its_way_out(broken, table):
    data, _, outcome = broken
    (message,) = [
        text
        for text in outcome.stderr.splitlines()
        if text.startswith(f"- complete_journey/{table}: ")
    ]
    assert FAULTS[table] in message
    assert f"{data}/raw/complete_journey/{table}/" in message
    assert "run again" in message


def test_the_page_of_a_failed_run_begins_with_what_failed(broken):
    data, _, _ = broken
    text = words(data)
    assert re.search(r"\b4 of \d+ expectations are not met", text)
    assert "has published nothing" in text
    failed = text[text.index(" Not met ") : text.index(" Tables Table ")]
    for table, fault in FAULTS.items():
        assert table in failed
        assert fault in failed
    assert "1 of 11 rows break it (9.1 %)" in failed
    assert "campaigns " not in failed
    # All that was fine is on it too.
    assert "complete_journey.campaigns met" in text
    assert "basket_id is never empty" in text[text.index(" Tables Table ") :]


def test_the_page_escapes_what_comes_from_outside(broken):
    data, _, _ = broken
    assert MARKED_UP in words(data)
    assert "<img" not in page(data)
    assert "img" not in _Page(page(data)).tags


def test_the_page_needs_nothing_from_outside(broken):
    data, _, _ = broken
    found = _Page(page(data))
    assert found.tags & {"script", "link", "iframe", "object", "embed", "base"} == set()
    assert found.addresses
    assert all(address.startswith("#") for address in found.addresses)
    assert not re.search(r"https?:|//\w|url\(|@import", page(data))
    assert "default-src 'none'" in page(data)
    anchors = set(re.findall(r'id="([^"]+)"', page(data)))
    assert {address.removeprefix("#") for address in found.addresses} <= anchors


def test_crm_quality_tells_of_a_failed_run(broken, crm):
    data, _, _ = broken
    (data / "build" / "quality.html").unlink()
    outcome = crm(data, "quality")
    assert outcome.returncode == 1
    assert outcome.stderr == ""
    assert re.match(r"4 of \d+ expectations are not met", outcome.stdout)
    for table, fault in FAULTS.items():
        assert re.search(rf"! complete_journey\.{table}: {re.escape(fault)}",
                         outcome.stdout)  # fmt: skip
    assert str(data / "build" / "quality.html") in outcome.stdout
    assert re.search(r"\b4 of \d+ expectations are not met", words(data))


def test_results_of_a_failed_run_are_kept_in_the_build(broken):
    data, _, _ = broken
    path = data / "build" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as connection:
        found = connection.execute(
            "select distinct table_name from ops.quality_results where not is_met"
        ).fetchall()
    assert {name for (name,) in found} == {
        f"raw_complete_journey.{table}" for table in FAULTS
    }


def test_a_fault_in_a_table_that_nothing_reads_stops_the_publication(
    crm, grocer, tmp_path
):
    data = shutil.copytree(grocer, tmp_path / "data")
    before = digest(data)
    (part,) = data.glob("raw/complete_journey/campaigns/*/1.parquet")
    rewrite(part, "* replace (null::bigint as household_id)")
    export = data / "exports" / "complete_journey" / "campaigns.csv"
    export.write_text("campaign_id,household_id\n1,1\n1,2\n1,3\n")
    outcome = crm(data, "run")
    assert outcome.returncode == 1
    assert "campaigns: household_id is never empty" in outcome.stderr
    assert digest(data) == before


@pytest.fixture
def both(tmp_path, monkeypatch):
    """Return a deployment with the exports of both companies."""
    small_grocer(tmp_path)
    small_wholesaler(tmp_path)
    monkeypatch.setenv("CRM_DATA", str(tmp_path))
    return load_deployment(tmp_path)


def test_every_raw_table_of_every_active_source_has_a_blocking_check(both):
    specs = [spec for check in raw().asset_checks for spec in check.check_specs]
    found = {tuple(spec.asset_key.path): spec.blocking for spec in specs}
    expected = {(table.source, table.name) for table in tables(both)}
    assert len(expected) == 9
    assert found == dict.fromkeys(expected, True)


def test_all_is_well_after_a_good_run(crm, grocer):
    outcome = crm(grocer, "quality")
    assert outcome.returncode == 0, outcome.stderr
    assert re.match(r"All \d+ expectations are met", outcome.stdout)
    assert re.search(r"All \d+ expectations are met", words(grocer))
    assert "complete_journey.promotions nothing to check" in words(grocer)
    assert "nothing has been delivered yet" in words(grocer)
    assert "learned.churn_scores nothing to check" in words(grocer)
    assert "there is no model: " in words(grocer)
    assert "learned.market_segment_members met" in words(grocer)
    assert "nothing is published yet to compare with" in words(grocer)


def test_without_a_build_the_publication_tells(crm, grocer, tmp_path):
    data = tmp_path / "data"
    shutil.copytree(grocer / "published", data / "published")
    shutil.copytree(grocer / "raw", data / "raw")
    outcome = crm(data, "quality")
    assert outcome.returncode == 0, outcome.stderr
    assert re.match(r"All \d+ expectations are met", outcome.stdout)


def test_before_any_run(crm, tmp_path):
    outcome = crm(tmp_path, "quality")
    assert outcome.returncode == 1
    assert "nothing has been validated yet. Run `crm run` first" in outcome.stderr


def test_during_a_run(crm, broken):
    data, _, _ = broken
    with (data / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        outcome = crm(data, "quality")
    assert outcome.returncode == 1
    assert "a run is going on" in outcome.stderr
    assert str(data / "build" / "quality.html") in outcome.stderr


def test_a_build_of_another_version_is_said_to_be_unreadable(crm, tmp_path):
    deployment = load_deployment(tmp_path)
    deployment.build.mkdir()
    with duckdb.connect(deployment.build_database) as connection:
        connection.execute("create schema ops")
        connection.execute("create table ops.quality_results (is_met boolean)")
    outcome = crm(tmp_path, "quality")
    assert outcome.returncode == 1
    assert "cannot be read" in outcome.stderr
    assert "`crm run` validates anew" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_table_that_the_run_did_not_come_to_is_not_called_good(both):
    deployment = both
    open_build(deployment, Asked(), "fingerprint", "rules", set())
    with duckdb.connect(deployment.build_database) as connection:
        report = read_report(connection, tables(deployment))
    assert {table.state for table in report.tables} == {"not checked"}
    assert not report.is_good
    assert report.verdict == "No table has been checked"
    show_table(deployment, tables(deployment)[0])
    write_page(deployment, report)
    assert "complete_journey.transactions not checked" in words(deployment.data)


def test_long_and_hostile_text_is_text(tmp_path):
    deployment = load_deployment(tmp_path)
    deployment.build.mkdir()
    hostile = "</td><script>alert(1)</script>" + "x" * 5_000
    at = datetime(2026, 3, 1)
    checks = [
        Checked(hostile, hostile, False, hostile, hostile, is_blocking, at)
        for is_blocking in (True, False)
    ]
    table = TableReport(hostile, hostile, 1, hostile, tuple(checks))
    found = _Page(write_page(deployment, Report((table,))).read_text())
    assert "script" not in found.tags
    assert found.text.count(hostile) > 5


def test_of_many_files_some_are_named(both):
    open_build(both, Asked(), "fingerprint", "rules", set())
    (sold,) = [table for table in tables(both) if table.name == "transactions"]
    for month in ("2018-01", "2018-02"):
        path = both.exports / "complete_journey" / f"transactions_{month}.csv.gz"
        paid = datetime.fromisoformat(f"{month}-03")
        write_transactions(path, [line(1, 80_000 + paid.month, 1, paid, "3.00")])
    land(sold, both, ExportCatalog(both))
    show_table(both, sold)
    with duckdb.connect(both.build_database) as connection:
        table = read_report(connection, [sold]).tables[0]
    assert table.origin.startswith("newest load: 1, ")
    assert table.origin.count("exports/complete_journey/transactions_") == 3
    assert table.origin.endswith(" and 2 more files")


def report_of(*states):
    """Return a report of a table with expectations that are met (or None), or not."""
    at = datetime(2026, 3, 1)
    checks = [Checked("", "", is_met, "", "", blocks, at) for is_met, blocks in states]
    return Report((TableReport("learned.churn_scores", "", 1, None, tuple(checks)),))


@pytest.mark.parametrize(
    ("states", "state", "is_good", "verdict"),
    [
        ([(True, True), (None, False)], "met", True, "All 1 expectations are met"),
        (
            [(True, True), (False, False)],
            "to look at",
            True,
            "All but 1 of 2 expectations are met: worth a look",
        ),
        (
            [(False, True), (False, False)],
            "not met",
            False,
            "1 of 2 expectations are not met",
        ),
        ([(None, True)], "nothing to check", False, "No table has been checked"),
    ],
)
def test_what_has_shifted_is_not_called_wrong(
    tmp_path, states, state, is_good, verdict
):
    report = report_of(*states)
    assert report.tables[0].state == state
    assert report.is_good is is_good
    assert report.verdict == verdict
    deployment = load_deployment(tmp_path)
    write_page(deployment, report)
    assert f"learned.churn_scores {state}" in words(tmp_path)
    assert ("Worth a look" in words(tmp_path)) is ((False, False) in states)
    assert ("has published nothing" in words(tmp_path)) is ((False, True) in states)


def test_a_fault_in_a_learned_table_stops_the_run(crm, grocer, tmp_path):
    data = shutil.copytree(grocer, tmp_path / "data")
    before = digest(data)
    # The model is taken for the segments of others: one that was large has nobody.
    (card,) = data.glob("models/market_segments/*/card.json")
    facts = json.loads(card.read_text())
    ids = facts["facts"]["segment_ids"]
    facts["facts"]["segment_ids"] = [min(ids, key=sizes(grocer).get)] * len(ids)
    card.write_text(json.dumps(facts))
    export = data / "exports" / "complete_journey" / "campaigns.csv"
    export.write_text(export.read_text() + "1,3\n")
    outcome = crm(data, "run")
    assert outcome.returncode == 1
    (message,) = [
        text
        for text in outcome.stderr.splitlines()
        if text.startswith("- learned/market_segment_members: ")
    ]
    assert "no segment is emptied" in message
    assert f"delete the model {card.parent} ," in message
    assert digest(data) == before
    assert "marts.market_segments" not in outcome.stdout
    told = crm(data, "quality")
    assert told.returncode == 1
    assert "! learned.market_segment_members: no segment is emptied" in told.stdout
    assert "learned.market_segment_members not met" in words(data)


def sizes(data):
    path = data / "published" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as connection:
        return dict(
            connection.execute(
                "select market_segment_id, count(*) "
                "from learned.market_segment_members group by all"
            ).fetchall()
        )
