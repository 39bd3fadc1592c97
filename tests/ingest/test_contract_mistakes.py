"""Mistakes in a contract: each is told with its place and the nearest right word."""

from pathlib import Path

import pytest

from dbt_models import WarehouseError
from ingest.contract_files import read_sources
from tests.ingest.contract_files import (
    GONE,
    ID,
    META,
    SALES,
    SALES_META,
    changed,
    write,
)


def refusal(path: Path) -> str:
    with pytest.raises(WarehouseError) as caught:
        read_sources()
    assert path.name in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("meta", "where", "wrong", "right"),
    [
        (META, "source shop", "timezon", "timezone"),
        (META, "source shop", "curency", "currency"),
        (SALES_META, "table sales", "exprot", "export"),
        (SALES_META, "table sales", "version", "version_by"),
        (SALES_META, "table sales", "known", "known_at"),
        (SALES_META, "table sales", "control_amont", "control_amount"),
        ((*ID, *META), "table sales, column id", "requird", "required"),
        ((*ID, *META), "table sales, column id", "persnal", "personal"),
    ],
)
def test_unknown_keys_are_told_the_nearest(sources, meta, where, wrong, right):
    message = refusal(write(sources, changed(((*meta, wrong), "x"))))
    assert f"{where}: unknown contract key '{wrong}'" in message
    assert f"Did you mean '{right}'?" in message


@pytest.mark.parametrize(
    ("place", "where", "wrong", "right"),
    [
        ((*SALES_META, "delivery"), "table sales", "upserts", "upsert"),
        ((*SALES_META, "delivery"), "table sales", "snapshoot", "snapshot"),
        ((*SALES_META, "delivery"), "table sales", "apend", "append"),
        ((*SALES_META, "key", 1), "table sales", "lines", "line"),
        ((*SALES_META, "version_by"), "table sales", "change_at", "changed_at"),
        ((*SALES_META, "known_at"), "table sales", "payed_at", "paid_at"),
        ((*ID, "data_type"), "column id", "bigin", "bigint"),
        ((*ID, "data_type"), "column id", "timestamptz", "timestamp"),
        ((*ID, "data_type"), "column id", "decimal(18)", "decimal(18, 2)"),
        ((*META, "timezone"), "source shop", "Europe/Berln", "Europe/Berlin"),
    ],
)
def test_wrong_values_are_told_the_nearest(sources, place, where, wrong, right):
    message = refusal(write(sources, changed((place, wrong))))
    assert where in message
    assert f"'{wrong}'" in message
    assert f"Did you mean '{right}'?" in message


@pytest.mark.parametrize(
    ("place", "where"),
    [
        ((*META, "timezone"), "source shop"),
        ((*META, "currency"), "source shop"),
        ((*SALES_META, "export"), "table sales"),
        ((*SALES_META, "delivery"), "table sales"),
    ],
)
def test_missing_keys_are_named(sources, place, where):
    message = refusal(write(sources, changed((place, GONE))))
    assert f"{where}: the contract lacks '{place[-1]}'" in message


@pytest.mark.parametrize("delivery", ["snapshot", "upsert"])
def test_only_append_does_without_a_key(sources, delivery):
    without_key = ((*SALES_META, "key"), GONE)
    spec = changed(without_key, ((*SALES_META, "delivery"), delivery))
    message = refusal(write(sources, spec))
    assert f"table sales: a {delivery} table needs a key" in message


@pytest.mark.parametrize(
    "change", [(("name",), "shopp"), (("schema",), "shop"), (("schema",), GONE)]
)
def test_the_folder_names_the_source_and_the_schema(sources, change):
    message = refusal(write(sources, changed(change)))
    assert "must be named 'shop'" in message
    assert "schema: raw_shop" in message


@pytest.mark.parametrize(
    "content", [None, b"", b"sources: [", b"- a", b"sources: []", b"a: 1", b"\xff\xfe"]
)
def test_a_file_that_is_no_contract_is_named(sources, content):
    path = sources / "shop" / "_shop__sources.yml"
    path.parent.mkdir()
    if content is not None:
        path.write_bytes(content)
    assert "not a dbt source file" in refusal(path)


MALFORMED = {
    "no name": (("name",), GONE),
    "no tables": (("tables",), GONE),
    "empty tables": (("tables",), None),
    "empty config": (("config",), None),
    "empty meta": (META, None),
    "a table without name": ((*SALES, "name"), GONE),
    "a table without columns": ((*SALES, "columns"), GONE),
    "a table with empty columns": ((*SALES, "columns"), None),
    "a table with empty meta": (SALES_META, None),
    "a number for the delivery": ((*SALES_META, "delivery"), 5),
    "a number for the key": ((*SALES_META, "key"), 5),
    "a column without name": ((*ID, "name"), GONE),
    "a column without type": ((*ID, "data_type"), GONE),
    "a number for the type": ((*ID, "data_type"), 5),
    "a list for a column's config": ((*ID, "config"), ["required"]),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_contract_is_named(sources, case):
    refusal(write(sources, changed(MALFORMED[case])))


def test_a_key_that_is_no_list_is_not_taken_apart(sources):
    path = write(sources, changed(((*SALES_META, "key"), "id")))
    assert "'i'" not in refusal(path)
