"""The dbt project's own rules: directions, names, descriptions, unit tests."""

import json

import pytest

from dagster_project.dbt import prepare_manifest, start
from dbt_models import PROJECT_DIR, load_deployment
from ingest.contracts.sources import read_sources

# What each layer may read. Identity's links and learned tables are not there yet.
READS = {
    "staging": {"raw", "staging", "ops"},
    "conformed": {"staging", "conformed", "ops"},
    "core": {"conformed", "core", "seeds"},
    "features": {"core", "features", "conformed"},
    "marts": {"core", "features", "learned", "marts", "seeds", "conformed"},
    "restricted": {"core", "conformed"},
}
# conformed.int_as_of_date is the run's one date; every layer may read it.
SHARED = {"int_as_of_date"}


@pytest.fixture(scope="module")
def manifest(grocer, monkeypatch_module):
    monkeypatch_module.setenv("CRM_DATA", str(grocer))
    return json.loads(prepare_manifest(load_deployment(grocer)).read_text())


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def models(manifest):
    return [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]


def layer(node):
    return "raw" if node["schema"].startswith("raw_") else node["schema"]


def test_sql_flows_in_one_direction(manifest):
    nodes = {**manifest["nodes"], **manifest["sources"]}
    wrong = [
        (model["name"], nodes[parent]["name"])
        for model in models(manifest)
        if layer(model) in READS
        for parent in model["depends_on"]["nodes"]
        if layer(nodes[parent]) not in READS[layer(model)]
        or (
            layer(nodes[parent]) == "conformed"
            and layer(model) in {"features", "marts"}
            and nodes[parent]["name"] not in SHARED
        )
    ]
    assert wrong == []


def test_contact_fields_have_one_way_and_it_is_not_published(manifest):
    readers = {
        (nodes[parent]["name"], model["name"])
        for nodes in [manifest["nodes"]]
        for model in models(manifest)
        for parent in model["depends_on"]["nodes"]
        if parent in nodes
    }
    assert {
        reader
        for read, reader in readers
        if read in {"int_contacts", "customer_contacts"}
    } == {"customer_contacts"}


def test_published_and_conformed_models_have_contracts_and_grains(manifest):
    for model in models(manifest):
        if layer(model) == "staging":
            continue
        name = model["name"]
        assert model["config"]["contract"]["enforced"], name
        assert model["description"].startswith(("One row per ", "One row:")), name
        assert all(column["description"] for column in model["columns"].values()), name


def test_marts_say_what_they_need(manifest):
    """`ops.mart_status` goes by it; it must be in the mart's lineage."""
    nodes = manifest["nodes"]

    def ancestors(unique_id):
        parents = nodes.get(unique_id, {}).get("depends_on", {}).get("nodes", [])
        return {unique_id}.union(*map(ancestors, parents))

    entities = {entity for source in read_sources() for entity in source.entities}
    marts = [model for model in models(manifest) if layer(model) == "marts"]
    for mart in marts:
        read = {name.rpartition(".int_")[2] for name in ancestors(mart["unique_id"])}
        assert set(mart["config"]["meta"]["needs"]) <= entities & read, mart["name"]
    assert marts


def test_names_say_the_layer(manifest):
    prefixes = {"staging": ("stg_", "int_"), "conformed": ("int_",)}
    prefixes["core"] = ("dim_", "fct_")
    for model in models(manifest):
        assert model["name"].startswith(prefixes.get(layer(model), "")), model["name"]


def test_contracts_are_what_dbt_reads(manifest):
    for source in read_sources():
        for table in source.tables:
            node = manifest["sources"][
                f"source.crm_warehouse.{source.name}.{table.name}"
            ]
            assert node["schema"] == table.raw_schema
            assert list(node["columns"]) == list(table.types)
            assert node["config"]["meta"]["delivery"] == table.delivery


def test_rules_give_every_score_a_segment():
    import csv
    from itertools import product

    with (PROJECT_DIR / "seeds" / "rfm_segments.csv").open() as stream:
        rules = list(csv.DictReader(stream))

    names = ("recency", "frequency", "monetary")

    def holds(rule, scores):
        return all(
            int(rule[f"{name}_from"]) <= score <= int(rule[f"{name}_to"])
            for name, score in zip(names, scores, strict=True)
        )

    combinations = list(product(range(1, 6), repeat=3))
    unmatched = [s for s in combinations if not any(holds(r, s) for r in rules)]
    assert unmatched == []
    first = {
        next(rule["rfm_segment"] for rule in rules if holds(rule, scores))
        for scores in combinations
    }
    assert first == {rule["rfm_segment"] for rule in rules}


def test_unit_tests_pass(grocer, tmp_path):
    deployment = load_deployment(grocer)
    tests = start(deployment, "test", "--select", "test_type:unit", target=tmp_path)
    said = tests.stdout.read().decode()
    assert tests.wait() == 0, said
    results = json.loads((tmp_path / "run_results.json").read_text())["results"]
    assert len(results) >= 3
