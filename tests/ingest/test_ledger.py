"""The load ledger: counts, amounts, identities, and that it survives its file."""

import csv
import gzip
from decimal import Decimal
from pathlib import Path

import pytest
from pyarrow import parquet

from dbt_models import Deployment, WarehouseError, load_deployment
from ingest.contracts.sources import read_sources
from ingest.exports import ExportCatalog
from ingest.landing import land
from ingest.ledger import Load, now, read_loads
from ingest.rejects import RefusedDeliveryError
from tests.fixtures import small_grocer

HEADER = "id,amount,note\n"


@pytest.fixture(scope="module")
def grocer(tmp_path_factory):
    """Land all tables of the small grocer; return lines, deployment and loads."""
    data = tmp_path_factory.mktemp("grocer")
    lines = small_grocer(data)
    deployment = load_deployment(data)
    loads = land_all(deployment)
    return lines, deployment, loads


def land_all(deployment: Deployment) -> list[Load]:
    (source,) = (s for s in read_sources() if s.name == "complete_journey")
    catalog = ExportCatalog(deployment)
    return [
        load for table in source.tables for load in land(table, deployment, catalog)
    ]


def rows_in(path: Path) -> int:
    if path.suffix == ".parquet":
        return parquet.read_metadata(path).num_rows
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return sum(1 for _ in csv.DictReader(text.decode().splitlines()))


def test_every_delivered_file_is_landed_once(grocer):
    _, deployment, loads = grocer
    paths = [file.path for load in loads for file in load.files]
    there = [path for path in deployment.exports.glob("*/*") if path.is_file()]
    exports = [path.relative_to(deployment.exports).as_posix() for path in there]
    assert sorted(paths) == sorted(exports)
    assert len({load.full_name for load in loads}) == len(loads)
    assert land_all(deployment) == []


def test_counts_agree_with_the_files(grocer):
    _, deployment, loads = grocer
    for load in loads:
        for file in load.files:
            path = deployment.exports / file.path
            counted = (file.rows_read, file.rows_loaded, file.rows_rejected)
            assert counted == (rows_in(path), rows_in(path), 0), file.path
            assert file.size_bytes == path.stat().st_size
        assert load.rows_loaded == sum(file.rows_loaded for file in load.files) > 0


def test_counts_agree_with_the_landed_parquet(grocer):
    _, deployment, loads = grocer
    for load in loads:
        folder = load.folder(deployment.raw)
        assert {path.name for path in folder.iterdir()} == {
            "_load.json",
            *(file.part for file in load.files),
        }
        landed = sum(rows_in(path) for path in folder.glob("*.parquet"))
        assert landed == load.rows_loaded


def test_the_control_amount_is_exact(grocer):
    lines, _, loads = grocer
    amounts = {load.table: load.control_amount for load in loads}
    assert amounts.pop("transactions") == sum(Decimal(x["sales_value"]) for x in lines)
    assert set(amounts.values()) == {None}


def test_ids_are_unique_and_increasing(grocer):
    _, deployment, loads = grocer
    assert [load.load_id for load in loads] == list(range(1, len(loads) + 1))
    files = [file.file_id for load in loads for file in load.files]
    assert files == list(range(1, len(files) + 1))
    assert read_loads(deployment.raw) == loads


def test_ids_go_on_after_an_earlier_run(shop):
    for number in range(3):
        for part in range(number + 1):
            shop.export(f"sales_{number}{part}.csv", HEADER + f"{number}{part},1,a\n")
        shop.land()
    loads = shop.loads()
    assert [load.load_id for load in loads] == [1, 2, 3]
    ids = [[file.file_id for file in load.files] for load in loads]
    assert ids == [[1], [2, 3], [4, 5, 6]]


def test_ids_are_those_of_the_whole_deployment(shop):
    shop.export("sales_1.csv", HEADER + "1,1,a\n")
    shop.export("refunds_1.csv", HEADER + "1,1,a\n")
    shop.land()
    shop.land(name="refunds", export="shop/refunds*")
    shop.export("sales_2.csv", HEADER + "2,1,a\n")
    shop.land()
    ids = [(x.load_id, x.table, x.files[0].file_id) for x in shop.loads()]
    assert ids == [(1, "sales", 1), (2, "refunds", 2), (3, "sales", 3)]


def test_loads_sort_by_number_beyond_the_folders_digits(shop):
    shop.export("sales.csv", HEADER + "1,1,a\n")
    shop.land()
    record = shop.deployment.raw / "shop/sales/000001/_load.json"
    for number in (1_000_000, 999_999):
        folder = shop.deployment.raw / f"shop/sales/{number:06d}"
        folder.mkdir()
        text = record.read_text().replace('"load_id": 1,', f'"load_id": {number},')
        (folder / "_load.json").write_text(text)
    assert [load.load_id for load in shop.loads()] == [1, 999_999, 1_000_000]


def test_unknown_columns_are_recorded(shop):
    shop.export("sales_1.csv", "zip,id,amount,note\nx,1,1,a\n")
    shop.export("sales_2.csv", "id,amount,age,note\n2,2,y,b\n")
    shop.export("sales_3.csv", HEADER + "3,3,c\n")
    (load,) = shop.land()
    assert load.unknown_columns == ("age", "zip")
    assert shop.loads()[0].unknown_columns == ("age", "zip")
    assert shop.rows("id, amount, note") == [(1, 1, "a"), (2, 2, "b"), (3, 3, "c")]


def test_unknown_columns_are_landed_as_text(shop):
    shop.export("sales.csv", "zip,id,amount,note\n00501,1,1,a\n")
    shop.land()
    folder = shop.loads()[0].folder(shop.deployment.raw)
    assert parquet.read_table(folder).column("zip").to_pylist() == ["00501"]


def test_known_columns_are_not_unknown(shop):
    shop.export("sales.csv", HEADER + "1,1,a\n")
    assert shop.land()[0].unknown_columns == ()


@pytest.mark.parametrize(
    ("amounts", "total"),
    [
        (["0.10"] * 3, "0.30"),
        (["9999999999.99"] * 50, "499999999999.50"),
        (["-1.01", "1.00"], "-0.01"),
        (["0", "2.50"], "2.50"),
        ([], "0"),
    ],
)
def test_control_amounts_are_decimal_sums(shop, amounts, total):
    rows = "".join(f"{n},{amount},x\n" for n, amount in enumerate(amounts))
    shop.export("sales.csv", HEADER + rows)
    assert shop.land()[0].control_amount == Decimal(total)
    assert shop.loads()[0].control_amount == Decimal(total)


def test_an_amount_that_a_row_breaks_refuses_its_table_and_repeats_nothing(shop):
    shop.export("sales.csv", "id,amount,note\n1,1,2.50\n2,1,Ann\n")
    amount = "cast(note as decimal(12, 2))"
    with pytest.raises(RefusedDeliveryError, match="cannot be summed up") as caught:
        shop.land(control_amount=amount)
    assert "Ann" not in str(caught.value)
    assert shop.loads() == []


def test_a_control_amount_may_be_an_expression_over_all_parts(shop):
    shop.export("sales_1.csv", HEADER + "2,1.25,a\n")
    shop.export("sales_2.csv", "note,amount,id\nb,0.01,3\n")
    (load,) = shop.land(control_amount="id * amount")
    assert load.control_amount == Decimal("2.53")


def test_a_table_without_control_amount_has_none(shop):
    shop.export("sales.csv", HEADER + "1,1,a\n")
    assert shop.land(control_amount=None)[0].control_amount is None
    assert shop.loads()[0].control_amount is None


def test_the_load_time_is_utc(shop):
    shop.export("sales.csv", HEADER + "1,1,a\n")
    before = now()
    (load,) = shop.land()
    assert before <= load.loaded_at <= now()
    assert load.loaded_at.tzinfo is None


@pytest.mark.parametrize("damage", [None, "", "{}", '{"files": 1}'])
def test_a_load_without_its_record_is_not_passed_over(shop, damage):
    shop.export("sales_1.csv", HEADER + "1,1,a\n")
    (load,) = shop.land()
    record = load.folder(shop.deployment.raw) / "_load.json"
    record.unlink()
    if damage is not None:
        record.write_text(damage)
    shop.export("sales_2.csv", HEADER + "2,1,a\n")
    for look in (shop.land, shop.loads):
        with pytest.raises(WarehouseError, match="is lost or damaged") as caught:
            look()
        assert str(record) in str(caught.value)
