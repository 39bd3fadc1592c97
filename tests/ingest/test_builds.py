"""Whether a build goes on from the last one, or begins with nothing."""

import shutil
from datetime import date

import pytest

from ingest.builds import Asked, open_build
from ingest.ledger import Load
from ingest.raw import show_table
from tests.ingest.shop import SALES


@pytest.fixture
def built(shop, good):
    """Return a shop of which a run has published all that there is."""
    shop.export("sales_1.csv", good)
    shop.land()
    shop.show()
    shop.query("create schema core")
    shop.query("create table core.made as select 1 as made")
    shop.query("insert into ops.build_info (load_ids) values ([1])")
    return shop


@pytest.fixture
def good():
    return "id,amount,note\n1,1.00,a\n"


def goes_on(shop, rules="rules", **asked) -> bool:
    open_build(shop.deployment, Asked(**asked), "fingerprint", rules, {"shop.sales"})
    return is_there(shop)


def is_there(shop) -> bool:
    made = shop.query("from duckdb_tables() select table_name")
    (built,) = shop.query("select built_load_id from ops.run_parameters")
    assert built == ((1,) if ("made",) in made else (None,))
    return ("made",) in made


def test_the_next_run_goes_on(built):
    assert goes_on(built)
    show_table(built.deployment, SALES)
    assert is_there(built)


def test_as_it_does_for_another_as_of_date(built):
    assert goes_on(built, as_of_date=date(2026, 1, 1))


def test_it_does_not_by_other_rules(built):
    assert not goes_on(built, rules="others")


def test_nor_to_look_back(built):
    assert not goes_on(built, known_at=date(2026, 1, 1))
    built.query("insert into ops.build_info (load_ids) values ([1])")
    assert not goes_on(built)


def test_nor_where_the_last_run_was_not_published(built):
    built.query("delete from ops.build_info")
    assert not goes_on(built)


def test_nor_where_the_run_after_it_came_to_no_end(built):
    assert goes_on(built)
    assert not goes_on(built)


def test_nor_from_a_damaged_database(built):
    built.deployment.build_database.write_bytes(b"no database")
    assert not goes_on(built)


def test_what_was_made_of_a_file_that_is_landed_again_is_made_anew(built):
    assert goes_on(built)
    built.query("update ops.load_files set is_repeated = true")
    show_table(built.deployment, SALES)
    assert not is_there(built)


def test_a_build_that_is_changed_is_not_complete(built):
    """Whoever makes some of the tables on Dagster's page calls no run."""
    show_table(built.deployment, SALES)
    assert not goes_on(built)


def another_load(shop) -> Load:
    shop.export("sales_2.csv", "id,amount,note\n2,1.00,a\n")
    (load,) = shop.land()
    return load


def publish(shop, *load_ids: int) -> None:
    show_table(shop.deployment, SALES)
    shop.query(f"insert into ops.build_info (load_ids) values ({list(load_ids)})")


def test_not_from_one_of_no_loads(shop, good):
    shop.show()
    shop.query("insert into ops.build_info (load_ids) values ([])")
    shop.export("sales_1.csv", good)
    shop.land()
    open_build(shop.deployment, Asked(), "fingerprint", "rules", {"shop.sales"})
    assert shop.query("select built_load_id from ops.run_parameters") == [(None,)]


def test_it_goes_on_with_loads_that_are_newer(built):
    another_load(built)
    assert goes_on(built)


def test_it_goes_on_beside_loads_of_a_table_that_no_contract_has_any_more(built):
    source = built.deployment.raw / "shop"
    shutil.copytree(source / "sales", source / "once")
    for record in (source / "once").rglob("*.json"):
        record.write_text(record.read_text().replace('"sales"', '"once"'))
    assert {load.full_name for load in built.loads()} == {"shop.sales", "shop.once"}
    assert goes_on(built)


def test_not_with_a_load_that_was_away(built, tmp_path):
    folder = another_load(built).folder(built.deployment.raw)
    assert goes_on(built)
    publish(built, 1, 2)
    shutil.move(folder, tmp_path / "away")
    assert not goes_on(built)
    publish(built, 1, 3)
    shutil.move(tmp_path / "away", folder)
    assert not goes_on(built)


def test_not_where_another_load_has_the_number_of_one_that_was_deleted(built):
    (load,) = built.loads()
    shutil.rmtree(load.folder(built.deployment.raw))
    (built.folder / "sales_1.csv").unlink()
    assert another_load(built).load_id == load.load_id
    assert not goes_on(built)
