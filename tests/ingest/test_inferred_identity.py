"""What is guessed of names, keys, times and how files are delivered."""

import pytest

from dbt_models import WarehouseError
from ingest.inference.names import pattern_of, table_name
from ingest.inference.tables import guess_tables


def test_keys_are_the_likeliest_columns_that_are_unique(guess):
    assert guess("day,id\n2026-01-01,b\n2026-01-02,a\n").identity.key == ("id",)
    lines = "order_no,line,amount\n1,1,5\n1,2,5\n2,1,5\n2,2,7\n"
    assert guess(lines).identity.key == ("order_no", "line")
    # Each customer has bought once so far, which makes nobody's number a key.
    once = "order_no,customer_id,sku\n1,a,x\n1,b,y\n"
    assert guess(once).identity.key == ("order_no", "customer_id")
    # Customer and day are unique by chance; a false key loses rows.
    chance = "customer_id,day,amount\na,2026-01-01,1\na,2026-01-02,1\nb,2026-01-01,2\n"
    assert guess(chance).identity.key == ()
    assert guess("amount\n1.5\n2.5\n").identity.key == ()


def test_ids_are_text_whose_zeros_may_come_later(guess):
    """By their names, as keys, or because an entity takes them for ids."""
    table = guess("bon,kunde,datum,menge,betrag\n7,100,2026-01-01,2,3.98\n")
    assert [c.data_type for c in table.columns.columns] == [
        *("varchar", "varchar", "date", "integer", "decimal(12, 2)")
    ]


def test_lines_that_begin_anew_in_each_order_are_a_key_whatever_they_are_called(guess):
    lines = "a,b,c\n" + "".join(
        f"x{order},000{line},1.50\n" for order in range(5) for line in (1, 2, 3)
    )
    assert guess(lines, name="vbrp.csv").identity.key == ("a", "b")
    # Numbers of what was bought begin with another one in each.
    found = guess(lines.replace("x1,0001", "x1,0007"), name="vbrp.csv").identity
    assert found.key == ()
    assert "others were not tried" in found.key_why


@pytest.mark.parametrize(
    ("second", "is_doubtful"),
    [("sku,x", True), ("item,x", True), ("item,", False), ("line_no,", False)],
)
def test_a_key_of_what_was_bought_may_be_one_by_chance(guess, second, is_doubtful):
    name, letter = second.split(",")
    rows = "".join(f"{n // 2},{letter}{n % 2},2026-01-03,5\n" for n in range(6))
    found = guess(f"bon,{name},date,amount\n{rows}").identity
    assert found.key == ("bon", name)
    assert (f"may one bon have one {name} twice?" in found.key_why) == is_doubtful


def test_a_time_that_may_be_an_event_s_is_asked_for(guess):
    why = guess("id,logged\n1,2026-01-01 10:00:00\n", name="log.csv").identity
    assert (why.delivery, "are its rows events, by logged?" in why.delivery_why) == (
        "snapshot",
        True,
    )


def test_what_a_table_lacks_to_be_sales_is_said(guess):
    table = guess("Name,Paid at,Total\n#1,,5.00\n#2,2026-01-01,6.00\n")
    assert table.lacks_of_sales == (
        "a time that is never empty",
        "a number of the customer",
    )
    # They are there by their names, and something in them is not what it should be.
    table = guess("Datum;Kunde;Betrag\n31.01.2026;a;5,00\nSumme;;5 Taler\n")
    assert table.lacks_of_sales == (
        "a time that is never empty (not all values of Datum are times)",
        "an amount (not all values of Betrag are numbers)",
    )


def test_files_tell_how_they_are_delivered(tmp_path):
    def delivery(*contents: str) -> str:
        paths = []
        for number, content in enumerate(contents, start=1):
            paths.append(tmp_path / f"orders_2026-0{number}.csv")
            paths[-1].write_text(content)
        (table,) = guess_tables(paths, "shop", True)
        assert table.pattern == "orders_*.csv"
        return table.identity.delivery

    header = "order_id,order_date,amount\n"
    one, two = "1,2026-01-01,5\n2,2026-01-02,6\n", "3,2026-02-01,5\n4,2026-02-01,6\n"
    assert delivery(header + one) == "append"
    assert delivery(header + one, header + two) == "append"
    assert delivery(header + one, header + one + two) == "snapshot"
    assert delivery(header + one + two, header + two[:15]) == "upsert"
    # Of the last days only, what is older is not gone; what is missing between is.
    days = [f"{n},{n:02d}.01.2026,5\n" for n in range(1, 10)]
    last = [header + "".join(days[n : n + 6]) for n in range(3)]
    assert delivery(*last) == "upsert"
    assert delivery(last[0], header + "".join(days[:2] + days[4:])) == "snapshot"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "id,day,channel\n3,2026-02-01,web\n",
            "only {} has channel. If it is one, name",
        ),
        ("day,id\n2026-02-01,3\n", "their columns are in another order"),
        ("id;day\n3;2026-02-01\n", "are written differently"),
    ],
)
def test_how_files_of_one_name_differ_is_said(tmp_path, content, said):
    first, second = tmp_path / "orders_1.csv", tmp_path / "orders_2.csv"
    first.write_text("id,day\n1,2026-01-01\n2,2026-01-02\n")
    second.write_text(content)
    with pytest.raises(WarehouseError, match="one table by their names") as error:
        guess_tables([first, second], "shop", True)
    assert said.format(second) in str(error.value)


def test_times_of_a_table_of_events(guess):
    found = guess(
        "order_id,created_at,updated_at,amount\n"
        "1,2026-01-01 10:00:00,2026-01-05 10:00:00,5\n"
        "2,2026-01-02 10:00:00,2026-01-05 11:00:00,6\n"
    ).identity
    assert (found.delivery, found.version_by) == ("upsert", "updated_at")
    assert found.happened == "created_at"


def test_what_is_often_empty_is_not_when_it_happened(guess):
    found = guess(
        "order_id,paid_at,created_at,amount\n"
        "1,2026-01-01 10:00:00,2026-01-01 09:00:00,5\n2,,2026-01-02 10:00:00,6\n"
    ).identity
    assert (found.happened, found.known_at) == ("created_at", "created_at")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Orders_2026-01.csv", "orders"),
        ("2026-01-31 Kunden.CSV", "kunden"),
        ("online_retail_2010_2011.csv.gz", "online_retail"),
        ("CustomerData.xlsx", "customer_data"),
        ("20260131.csv", ""),
        ("Umsatz2026.csv", "umsatz"),
        ("orders_20260131T0815.csv", "orders"),
        ("orders2026-01-31T08-15-00Z.csv", "orders"),
        ("report1700000000123.csv", "report"),
        ("KNA1.csv", "kna1"),
        ("3d_printers.csv", "table_3d_printers"),
    ],
)
def test_tables_are_named_without_dates(file, name):
    assert table_name(file) == name


@pytest.mark.parametrize(
    ("files", "others", "pattern"),
    [
        (["orders_2026-01.csv", "orders_2026-02.csv"], [], "orders_*.csv"),
        (["orders_2026-01.csv.gz", "orders_2026-02.zip"], [], "orders_*.*"),
        (["2026-01 orders.csv.gz", "2026-02 orders.zip"], [], "* orders.*"),
        (["orders.csv", "orders.csv.gz"], [], "orders*.*"),
        (["Umsatz2025.csv", "Umsatz2026.csv"], [], "Umsatz*.csv"),
        (["KNA12.csv"], [], "KNA12*.csv"),
        (["orders_20260131T0815Z.csv"], [], "orders_*.csv"),
        (["Orders_1.csv", "orders_2.csv"], [], "*.csv"),
        (["Orders_1.csv", "orders_2.csv"], ["items.csv"], None),
        (["orders_1.csv", "orders_2.csv"], ["orders_items_1.csv"], "orders_[0-9]*.csv"),
        (["orders.csv"], ["orders_items.csv"], "orders.csv"),
    ],
)
def test_a_pattern_matches_all_files_of_a_table_and_no_other(files, others, pattern):
    assert pattern_of(files, others) == pattern
