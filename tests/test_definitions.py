"""What Dagster sees: one asset per table, with lineage from export to mart."""

import tomllib

import dagster as dg
import pytest

from dagster_project.definitions import defs
from dagster_project.defs import refresh
from dbt_models import CODE_DIR, load_deployment
from ingest.contracts.sources import active_sources


@pytest.fixture(scope="module")
def graph(grocer):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRM_DATA", str(grocer))
        yield defs().resolve_asset_graph()


@pytest.fixture(scope="module")
def definitions(grocer):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRM_DATA", str(grocer))
        yield defs()


def key(*parts):
    return dg.AssetKey(list(parts))


def ancestors(graph, asset):
    found = set()
    waiting = [asset]
    while waiting:
        parents = graph.get(waiting.pop()).parent_keys - found
        found |= parents
        waiting += parents
    return found


def test_lineage_runs_from_export_to_mart_and_publication(graph):
    assert key("complete_journey", "transactions") in ancestors(
        graph, key("marts", "customer_rfm")
    )
    behind_publication = ancestors(graph, key("published", "warehouse"))
    built = {
        asset
        for asset in graph.executable_asset_keys
        if asset.path[0] in {"complete_journey", "core", "learned", "marts", "ops"}
    }
    assert built - behind_publication == set()


def test_every_raw_table_is_an_asset_of_its_layer(graph, grocer):
    for source in active_sources(load_deployment(grocer)):
        for table in source.tables:
            assert graph.get(key(source.name, table.name)).group_name == "raw"
    for asset in (("core", "dim_customers"), ("marts", "kpi_daily")):
        assert graph.get(key(*asset)).group_name == asset[0]


def test_dbt_tests_and_expectations_are_checks(graph):
    checks = {
        (check.asset_key.to_user_string(), check.name)
        for check in graph.asset_check_keys
    }
    assert ("complete_journey/transactions", "great_expectations") in checks
    assert ("learned/churn_scores", "great_expectations") in checks
    assert ("ops/reconciliation", "money_is_conserved") in checks
    assert len(checks) > 20


def test_the_publication_waits_for_every_raw_table_and_its_check(graph, grocer):
    # Also for those that no model reads.
    parents = graph.get(key("published", "warehouse")).parent_keys
    checked = {
        check.asset_key
        for check in graph.asset_check_keys
        if check.name == "great_expectations"
    }
    for source in active_sources(load_deployment(grocer)):
        for table in source.tables:
            assert key(source.name, table.name) in parents & checked


def test_the_job_runs_daily(definitions):
    (schedule,) = definitions.schedules or []
    assert schedule.job_name == "refresh"
    assert schedule.cron_schedule == "0 3 * * *"
    assert schedule.execution_timezone == "America/New_York"


def test_the_schedule_skips_a_night_with_nothing_new(definitions, grocer, monkeypatch):
    monkeypatch.setenv("CRM_DATA", str(grocer))
    (schedule,) = definitions.schedules or []
    decision = schedule(dg.build_schedule_context())
    assert isinstance(decision, dg.SkipReason)
    monkeypatch.setattr(refresh, "is_current", lambda *_: False)
    assert isinstance(schedule(dg.build_schedule_context()), dg.RunRequest)


def test_every_run_is_in_one_process(definitions):
    assert definitions.executor is dg.in_process_executor


def test_all_that_writes_holds_the_lock(definitions):
    for assets in definitions.assets:
        assert "lock" in assets.required_resource_keys, assets.keys


def test_the_list_of_packages_is_whole():
    project = tomllib.loads((CODE_DIR / "pyproject.toml").read_text())
    listed = project["tool"]["setuptools"]["packages"]
    there = {
        ".".join(path.relative_to(CODE_DIR).parent.parts)
        for name in {package.partition(".")[0] for package in listed}
        for path in (CODE_DIR / name).rglob("__init__.py")
    }
    assert sorted(there) == sorted(listed)
