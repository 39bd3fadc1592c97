"""The README's recipe "Add a source", followed with a tiny one that is nowhere else."""

import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from dbt_models import CODE_DIR

RECIPE = Path(__file__).parent / "corner_shop"
EXPORTS = {
    "receipts_1.csv": "receipt,line,member,sold_at,amount\n"
    "R1,1,m1,2026-01-10 23:30:00,10.00\n"
    "R1,2,m1,2026-01-10 23:30:00,2.50\n"
    "R2,1,,2026-02-01 09:00:00,4.00\n",
    "receipts_2.csv": "receipt,line,member,sold_at,amount\n"
    "R3,1,m2,2026-07-01 00:15:00,8.00\n"
    "R4,1,m2,2026-07-02 10:00:00,-8.00\n",
    "calls.csv": "call,member,called_at,cost\n"
    "C1,m1,2026-03-01 10:00:00,0.30\n"
    "C2,m9,2026-03-02 10:00:00,\n",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """Return a copy of the project to which the source was added by the recipe."""
    copy = tmp_path_factory.mktemp("recipe") / "project"
    packages = ("dagster_project", "dbt_models", "expectations", "ingest", "ml")
    for package in packages:
        shutil.copytree(
            CODE_DIR / package,
            copy / package,
            ignore=shutil.ignore_patterns("__pycache__", "target", "logs"),
        )
    shutil.copy(CODE_DIR / "pyproject.toml", copy)
    shutil.copy(CODE_DIR / "requirements.lock", copy)
    folder = copy / "dbt_models" / "models" / "sources" / "corner_shop"
    shutil.copytree(RECIPE, folder)
    exports = copy / "data" / "exports" / "corner_shop"
    exports.mkdir(parents=True)
    for name, text in EXPORTS.items():
        (exports / name).write_text(text)
    (copy / "data" / "settings.yml").write_text("timezone: Europe/Berlin\n")
    return copy


def crm(project: Path, *arguments: str) -> str:
    outcome = subprocess.run(
        [sys.executable, "-c", "from dagster_project.cli import main; main()"]
        + [*arguments],
        cwd=project,
        env={
            **os.environ,
            "PYTHONPATH": str(project),
            "CRM_DATA": str(project / "data"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return outcome.stdout


@pytest.fixture(scope="module")
def published(project):
    crm(project, "run")
    path = project / "data" / "published" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as connection:
        yield connection


def test_its_transactions_are_in_the_star(published):
    assert published.execute(
        """select source_line_id, source_customer_id, customer_key = -1,
            transaction_date::varchar, net_amount, is_return, currency_code
        from core.fct_transactions order by all"""
    ).fetchall() == [
        ("R1-1", "m1", False, "2026-01-10", 10, False, "EUR"),
        ("R1-2", "m1", False, "2026-01-10", Decimal("2.5"), False, "EUR"),
        ("R2-1", None, True, "2026-02-01", 4, False, "EUR"),
        ("R3-1", "m2", False, "2026-07-01", 8, False, "EUR"),
        ("R4-1", "m2", False, "2026-07-02", -8, True, "EUR"),
    ]


def test_its_calls_are_touchpoints(published):
    assert published.execute(
        """select source_touchpoint_id, channel_name, customer_key = -1, cost_amount,
            touchpoint_at::varchar
        from core.fct_touchpoints inner join core.dim_channels using (channel_key)
        order by all"""
    ).fetchall() == [
        ("C1", "Telephone", False, Decimal("0.3"), "2026-03-01 09:00:00"),
        ("C2", "Telephone", True, None, "2026-03-02 09:00:00"),
    ]


def test_marts_checks_and_money_follow(published):
    assert published.execute(
        "select count(*), sum(net_amount) from marts.customer_rfm"
    ).fetchone() == (2, Decimal("12.50"))
    assert published.execute(
        "select lacks from ops.mart_status where table_name = 'campaign_results'"
    ).fetchone() == ("no source has campaigns",)
    assert published.execute(
        "select count(*), sum(abs(difference_amount)) from ops.reconciliation "
        "where source_system in ('corner_shop', 'all')"
    ).fetchone() == (9, 0)
    checked = published.execute(
        "select distinct table_name from ops.quality_results order by all"
    ).fetchall()
    assert checked == [("raw_corner_shop.calls",), ("raw_corner_shop.receipts",)]


def test_it_is_explained(project, published):
    explained = crm(project, "explain", "fct_transactions.net_amount")
    assert "raw_corner_shop.receipts.amount" in explained
