"""`crm lists` on a grocer of whose customers nobody knows if they may be contacted."""

import csv
import os
import shutil
import signal
import stat
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from dagster_project.lists.contacts import contacts_path, write_contacts
from dagster_project.lists.export import export_list
from dagster_project.lists.ledger import read_exports
from dagster_project.publishing import publish
from dagster_project.runs import is_current
from dbt_models import WarehouseError, load_deployment
from ingest.builds import Asked

NAME = "2017-12-31_rfm_at-risk_unfiltered.csv"


@pytest.fixture
def deployment(grocer, tmp_path):
    return load_deployment(shutil.copytree(grocer, tmp_path / "data"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def contact_files(deployment):
    return [path.name for path in (deployment.restricted / "contacts").iterdir()]


def test_the_segments_are_shown(crm, grocer, published):
    for words in (["lists"], ["lists", "show"]):
        outcome = crm(grocer, *words)
        assert outcome.returncode == 0, outcome.stderr
        for segment, customers in published.execute(
            "select rfm_segment, count(*) from marts.customer_rfm group by all"
        ).fetchall():
            assert f"{segment}  " in outcome.stdout
            assert f"  {customers}  not known" in outcome.stdout


def test_a_list_is_written_and_says_that_it_is_unfiltered(crm, deployment, published):
    # As people type it.
    outcome = crm(deployment.data, "lists", "export", "At", "risk")
    assert outcome.returncode == 0, outcome.stderr
    path = deployment.lists / NAME
    assert str(path) in outcome.stdout
    assert "0 left out" in outcome.stdout
    assert "Warning: nobody knows whether" in outcome.stdout
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    assert path.read_bytes().startswith(b"\xef\xbb\xbfcustomer_id,rfm_segment,")
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert "email" not in rows[0]
    assert not any(name.endswith("_key") for name in rows[0])
    assert [(row["customer_id"], row["rfm_segment"]) for row in rows] == (
        published.execute(
            "select customer_id, rfm_segment from marts.customer_rfm "
            "where rfm_segment = 'At risk' order by all"
        ).fetchall()
    )
    assert f"{len(rows)} customers" in outcome.stdout


def test_the_same_list_again_is_the_same_file_and_another_export(deployment):
    export_list(deployment, "at-risk")
    before = (deployment.lists / NAME).read_bytes()
    export_list(deployment, "rfm/at-risk")
    assert [path.name for path in deployment.lists.glob("*.csv")] == [NAME]
    assert (deployment.lists / NAME).read_bytes() == before
    first, second = read_exports(deployment)
    assert first.content_hash == second.content_hash
    assert first.exported_at < second.exported_at


def test_a_file_with_other_content_stays(deployment):
    deployment.lists.mkdir()
    (deployment.lists / NAME).write_text("with a column of remarks")
    for _ in range(2):
        export_list(deployment, "at-risk")
    assert (deployment.lists / NAME).read_text() == "with a column of remarks"
    names = sorted(path.name for path in deployment.lists.glob("*.csv"))
    assert names == [NAME, NAME.replace(".csv", "_2.csv")]


def test_an_export_is_recorded_and_makes_no_run_necessary(crm, deployment):
    export_list(deployment, "at-risk")
    (export,) = read_exports(deployment)
    assert is_current(deployment, Asked())
    assert "Nothing new" in crm(deployment.data, "run").stdout
    shown = crm(deployment.data, "lists", "show", "--exports").stdout
    assert NAME in shown
    assert export.exported_by in shown
    publish(deployment, None)
    with duckdb.connect(deployment.published_database, read_only=True) as connection:
        row = connection.execute("from ops.list_exports").fetchone()
    assert row == tuple(vars(export).values())
    assert row[2:5] == ("rfm", "At risk", NAME)
    assert row[7:10] == (0, True, date(2017, 12, 31))


def test_nothing_exported_yet(crm, grocer):
    outcome = crm(grocer, "lists", "show", "--exports")
    assert outcome.returncode == 0
    assert "Nothing has been exported yet" in outcome.stdout


def test_names_that_are_none(crm, grocer):
    outcome = crm(grocer, "lists", "export", "at rsk")
    assert outcome.returncode == 1
    assert "Did you mean 'at-risk'?" in outcome.stderr
    assert not load_deployment(grocer).lists.exists()


def killed_at(monkeypatch, method, deployment):
    """Export in a process that is killed when it calls this method of a path."""
    child = os.fork()
    if child == 0:
        kill = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)  # noqa: E731
        monkeypatch.setattr(Path, method, kill)
        export_list(deployment, "at-risk")
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)


@pytest.mark.parametrize("method", ["with_suffix", "replace"])
def test_a_killed_export_is_none(deployment, monkeypatch, method):
    # Before the record is written, and between the record and the list.
    killed_at(monkeypatch, method, deployment)
    ledger = deployment.lists / ".exports"
    assert list(ledger.glob("*.csv"))
    assert bool(list(ledger.glob("*.json"))) == (method == "replace")
    assert read_exports(deployment) == []
    assert list(deployment.lists.glob("*.csv")) == []

    export_list(deployment, "at-risk")
    assert len(read_exports(deployment)) == len(list(ledger.glob("*.json"))) == 1
    assert list(ledger.glob("*.csv")) == []
    assert (deployment.lists / NAME).exists()


def test_a_damaged_record_is_said(deployment):
    export_list(deployment, "at-risk")
    (record,) = (deployment.lists / ".exports").glob("*.json")
    record.write_text("{}")
    with pytest.raises(WarehouseError, match="record of a list's export, is damaged"):
        read_exports(deployment)


def test_without_a_publication_there_are_no_lists(crm, tmp_path):
    for words in (["show"], ["export", "at-risk"]):
        outcome = crm(tmp_path, "lists", *words)
        assert outcome.returncode == 1
        assert "nothing is published yet" in outcome.stderr
    assert list(tmp_path.iterdir()) == []


def test_contacts_are_for_this_user_only_and_go_with_the_publication(deployment):
    (before,) = contact_files(deployment)
    folder = deployment.restricted / "contacts"
    assert (mode(folder), mode(folder / before)) == (0o700, 0o600)
    publish(deployment, None)
    (after,) = contact_files(deployment)
    assert before < after
    # A look back in time leaves them alone.
    publish(deployment, date(2017, 11, 30))
    assert contact_files(deployment) == [after]


def test_a_run_that_is_killed_before_the_swap_leaves_a_pair(deployment):
    with duckdb.connect(deployment.build_database) as build:
        write_contacts(build, deployment, datetime(2100, 1, 1))  # noqa: DTZ001 - UTC
    assert len(contact_files(deployment)) == 2
    export_list(deployment, "at-risk")
    publish(deployment, None)
    assert len(contact_files(deployment)) == 1
    export_list(deployment, "at-risk")


@pytest.fixture
def contacts(deployment):
    (name,) = contact_files(deployment)
    return deployment.restricted / "contacts" / name


def test_contacts_that_are_gone_are_said_and_published_anew(deployment, contacts):
    # Those of another publication are not taken for them.
    contacts.rename(contacts.with_name("20000101T000000000000.parquet"))
    with pytest.raises(WarehouseError, match="is not there. `crm run` publishes both"):
        export_list(deployment, "at-risk")
    assert not is_current(deployment, Asked())
    publish(deployment, None)
    assert is_current(deployment, Asked())
    export_list(deployment, "at-risk")


def test_contacts_that_are_damaged_are_said(deployment, contacts):
    contacts.write_bytes(contacts.read_bytes()[:200])
    with pytest.raises(WarehouseError, match="cannot be read .* Delete it; then"):
        export_list(deployment, "at-risk")


def test_who_may_not_read_contacts_is_told_whom_to_ask(
    deployment, contacts, monkeypatch
):
    def refuse(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(WarehouseError, match="Ask them for the list"):
        export_list(deployment, "at-risk")
    assert contacts == contacts_path(
        deployment, datetime.strptime(contacts.stem, "%Y%m%dT%H%M%S%f")
    )
