"""Learned tables in a run: a club whose members' leaving is known."""

import csv
import gzip
import json
import shutil
from datetime import date, datetime, timedelta

import duckdb
import pytest

from dbt_models import load_deployment
from tests.fixtures import line
from tests.grocer_runs import digest, export
from tests.loyal_club import FIRST_DAY, MEMBERS, loyal_club

LAST_DAY = FIRST_DAY + timedelta(days=365)


@pytest.fixture(scope="module")
def club(tmp_path_factory, crm):
    """Return the club's folder after a run, and when its members left."""
    data = tmp_path_factory.mktemp("club") / "data"
    leaves = loyal_club(data)
    outcome = crm(data, "run")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return data, leaves


@pytest.fixture(scope="module")
def published(club):
    path = load_deployment(club[0]).published_database
    with duckdb.connect(path, read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def later(club, crm, tmp_path_factory):
    """Return the same club three days later."""
    data = shutil.copytree(club[0], tmp_path_factory.mktemp("later") / "data")
    path = data / "exports" / "complete_journey" / "transactions_2024.csv.gz"
    with gzip.open(path, "rt", newline="") as stream:
        lines = list(csv.DictReader(stream))
    with gzip.open(path.with_name("transactions_2025.csv.gz"), "wt") as stream:
        writer = csv.DictWriter(stream, lines[0])
        writer.writeheader()
        for number, row in enumerate(lines[-60:]):
            moment = f"2025-01-0{1 + number % 3} 12:00:00"
            fresh = {"basket_id": 900_000 + number, "transaction_timestamp": moment}
            writer.writerow({**row, **fresh})
    outcome = crm(data, "run")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return data


def rows(connection, sql):
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_who_left_lately_is_at_risk_and_who_stays_is_not(club, published):
    _, leaves = club
    found = rows(
        published,
        """select source_customer_id::integer as member, churn.*
        from marts.customer_churn as churn
        inner join core.dim_customers using (customer_key)""",
    )
    active = [row for row in found if row["activity_status"] == "active"]
    last = (LAST_DAY - FIRST_DAY).days
    gone = [r["churn_probability"] for r in active if leaves[r["member"]] < last - 7]
    here = [r["churn_probability"] for r in active if leaves[r["member"]] > last]
    assert len(gone) > 3 and len(here) > 50
    assert sum(gone) / len(gone) > 3 * sum(here) / len(here)
    for row in found:
        scored = row["activity_status"] == "active"
        assert (row["churn_probability"] is not None) == scored
        assert (row["churn_risk"] in {"high", "medium", "low"}) == scored
        assert (row["reason_1"] is not None) == scored
        lost = row["days_since_last_transaction"] >= 30
        assert lost or row["activity_status"] != "lost"


def test_reasons_are_the_customers_own_facts(published):
    found = rows(
        published,
        """select reason, f.* from (
            unpivot (select customer_key, reason_1, reason_2, reason_3
                from marts.customer_churn)
            on reason_1, reason_2, reason_3 into name place value reason
        ) inner join features.customer_features as f using (customer_key)
        where f.is_latest and reason like 'Days since the last purchase%'""",
    )
    assert found
    for row in found:
        days, usual = row["days_since_last_transaction"], row["average_interval_days"]
        numbers = [
            int(word)
            for word in row["reason"].replace(",", " ").split()
            if word.isdigit()
        ]
        assert numbers[0] == days
        assert abs(numbers[1] - usual) <= 0.5


def test_the_model_is_graded_beside_what_is_naive(published):
    grades = {r["model_name"]: r for r in rows(published, "from marts.model_grades")}
    assert set(grades) == {"churn", "market_segments"}
    churn = grades["churn"]
    means = dict(
        published.execute(
            """select predictor, avg(pr_auc) from learned.churn_evaluations
            group by predictor"""
        ).fetchall()
    )
    assert churn["model_value"] == pytest.approx(means.pop("model"))
    assert churn["baseline_value"] >= max(means.values()) - 1e-9
    assert published.execute(
        """select count(*) > 0, bool_and(is_example = (activity_status = 'active'))
        from features.churn_labels
        inner join features.customer_features using (customer_key, as_of_date)"""
    ).fetchone() == (True, True)
    assert churn["beats_baseline"] == (churn["grade"] in {"A", "B"})
    assert published.execute(
        """select count(distinct test_date),
            bool_and(last_training_date + 30 <= test_date)
        from learned.churn_evaluations"""
    ).fetchone() == (3, True)


def test_customer_360_is_what_the_other_marts_say(published):
    assert published.execute(
        """select count(*), count(distinct customer_key) from marts.customer_360"""
    ).fetchone() == (MEMBERS, MEMBERS)
    for mart, columns in {
        "customer_rfm": "rfm_segment, monetary_score, net_amount",
        "customer_churn": "activity_status, churn_risk, value_at_stake_amount",
        "customer_market_segments": "market_segment",
        "customer_loyalty": "loyalty_tier, repeat_rate, tenure_days",
    }.items():
        of_mart = f"select customer_key, {columns} from marts.{mart}"
        of_all = f"select customer_key, {columns} from marts.customer_360"
        assert not published.execute(f"{of_mart} except {of_all}").fetchall(), mart
        assert published.execute(of_mart).fetchall(), mart


def test_segments_are_profiled_whole(published):
    assert published.execute(
        """select sum(customer_count) = (select count(*) from marts.customer_rfm),
            round(sum(customer_percent)), round(sum(net_amount_percent)),
            sum(net_amount) = (select sum(net_amount) from marts.customer_rfm)
        from marts.market_segments"""
    ).fetchone() == (True, 100, 100, True)
    ranked = published.execute(
        "select average_net_amount from marts.market_segments order by value_rank"
    ).fetchall()
    assert ranked == sorted(ranked, reverse=True)


def test_loyalty_is_what_one_counts_by_hand(published):
    bought = {}
    for key, day in published.execute(
        """select distinct customer_key, transaction_date from core.fct_transactions
        where line_type = 'sale' and customer_key <> -1"""
    ).fetchall():
        bought.setdefault(key, set()).add(day)
    for row in rows(published, "from marts.customer_loyalty"):
        days = bought[row["customer_key"]]
        first = min(days)
        possible = 12 * (LAST_DAY.year - first.year) + LAST_DAY.month - first.month
        months = {(d.year, d.month) for d in days} - {(first.year, first.month)}
        expected = len(months) / possible if possible else None
        if expected is None:
            assert row["repeat_rate"] is None
        else:
            assert float(row["repeat_rate"]) == pytest.approx(expected, abs=1e-4)
        assert row["tenure_days"] == (LAST_DAY - first).days


def test_models_have_cards_on_disk(club):
    folder = load_deployment(club[0]).models
    for name in ("churn", "market_segments"):
        version = folder / name / "0001"
        card = json.loads((version / "card.json").read_text())
        assert card["name"] == name
        assert card["as_of_date"] == LAST_DAY.isoformat()
        assert (version / "model.skops").exists()
        assert (version / "card.md").read_text().startswith(f"# {name}, version 1")
        assert not list(folder.glob(f"{name}/.*"))


def test_three_days_later_models_and_names_are_the_same(published, later):
    path = load_deployment(later).published_database
    with duckdb.connect(path, read_only=True) as connection:
        versions = dict(
            connection.execute(
                "select model_name, model_version from marts.model_grades"
            ).fetchall()
        )
        assert versions == {"churn": 1, "market_segments": 1}
        sql = "select customer_id, market_segment from marts.customer_market_segments"
        before = dict(published.execute(sql).fetchall())
        now = dict(connection.execute(sql).fetchall())
        assert connection.execute(
            "select distinct as_of_date from marts.customer_churn"
        ).fetchall() == [(date(2025, 1, 3),)]
    assert set(before.values()) == set(now.values())
    assert sum(before[key] == now[key] for key in before) > 0.9 * len(before)


@pytest.fixture(scope="module")
def looked_back(club, crm, tmp_path_factory):
    """Return a copy of the club that has looked back, with an export not landed yet."""
    data = shutil.copytree(club[0], tmp_path_factory.mktemp("back") / "data")
    when = datetime(2025, 1, 2)
    export(data, "transactions_2025.csv.gz", [line(1, 900_000, 1, when, "10.00")])
    outcome = crm(data, "run", "--known-at", "2024-10-31")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return data


@pytest.fixture(scope="module")
def as_known(looked_back):
    folder = load_deployment(looked_back).published / "as-known" / "2024-10-31"
    with duckdb.connect(folder / "warehouse.duckdb", read_only=True) as connection:
        yield connection


def files(folder):
    """Return what is below a folder, and when it was written."""
    return sorted(
        (path.relative_to(folder), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
    )


def test_known_at_shows_an_earlier_state_beside_the_publication(
    club, looked_back, as_known
):
    assert as_known.execute(
        "select max(transaction_date)::varchar, count(*) > 0 from core.fct_transactions"
    ).fetchone() == ("2024-10-31", True)
    assert digest(looked_back) == digest(club[0])
    assert files(looked_back / "raw") == files(club[0] / "raw")


def test_a_run_that_looks_back_trains_nothing(club, looked_back, as_known):
    assert files(load_deployment(looked_back).models) == files(
        load_deployment(club[0]).models
    )
    verdicts = rows(as_known, "select grade, verdict from marts.model_grades")
    assert {row["grade"] for row in verdicts} == {None}
    assert all("had been trained by 2024-10-31" in r["verdict"] for r in verdicts)
    assert as_known.execute(
        "select count(churn_probability), count(*) > 0 from marts.customer_churn"
    ).fetchone() == (0, True)


def test_a_model_that_is_no_better_says_so(club, crm, tmp_path):
    data = shutil.copytree(club[0], tmp_path / "data")
    path = load_deployment(data).published_database
    path.chmod(0o644)
    with duckdb.connect(path) as connection:
        connection.execute(
            """update marts.model_grades
            set grade = 'D', beats_baseline = false,
                verdict = 'Does not beat its baseline: so it is.'
            where model_name = 'churn'"""
        )
        connection.execute("checkpoint")
    problems = crm(data, "status").stdout.partition("\nProblems\n")[2]
    assert "model churn: Does not beat its baseline: so it is." in problems
    # One that an older version has published has no grades.
    with duckdb.connect(path) as connection:
        connection.execute("drop table marts.model_grades")
        connection.execute("checkpoint")
    outcome = crm(data, "status")
    assert outcome.returncode == 0, outcome.stderr
    assert "older version of crm-warehouse" in outcome.stdout
