"""What is guessed of amounts: those of lines and of orders, cents, what went back."""

from pathlib import Path

import pytest

from ingest.inference.entities import EntityGuess
from ingest.inference.tables import guess_tables

HEADER = "order_id,order_date,customer_id,sku"


@pytest.fixture
def sales(tmp_path: Path):
    """Guess the sales in a file with these columns behind order, day and product."""

    def look(names: str, rows: list[tuple[object, str]]) -> EntityGuess:
        path = tmp_path / "orders.csv"
        lines = [
            f"{order},2026-01-03,c1,s{n},{values}\n"
            for n, (order, values) in enumerate(rows)
        ]
        path.write_text(f"{HEADER},{names}\n{''.join(lines)}")
        (table,) = guess_tables([path], "shop", True)
        (found,) = (m for m in table.mappings if m.entity == "transactions")
        return found

    return look


def test_the_total_of_an_order_is_no_amount_of_its_lines(sales):
    lines = [(n // 2, f"{n + 1}.50,{1 + n // 2 * 4}.00") for n in range(2, 12)]
    found = sales("line_amount,total_amount", lines)
    assert found.columns["net_amount"] == ("line_amount",)
    found = sales("qty,price,order_total", [(o, f"2,{v}") for o, v in lines])
    assert "net_amount" not in found.columns
    assert found.columns["unit_price"] == ("price",)
    assert "order_total is not taken: it is one for all lines" in found.doubts[0]


def test_a_total_beside_no_other_amount_is_marked(sales):
    found = sales("total", [(n // 2, f"{n // 2}.00") for n in range(2, 12)])
    assert found.columns["net_amount"] == ("total",)
    assert "Then it counts once for each line" in found.doubts[0]


def test_a_total_on_the_first_line_only_is_none_of_the_others(sales):
    rows = [(n // 2, f"2,{n}.00,{'' if n % 2 else n * 7}") for n in range(2, 12)]
    assert "net_amount" not in sales("qty,price,total", rows).columns


@pytest.mark.parametrize(
    "rows",
    [
        # Each line its own amount, each order one line, and one price for everything.
        [(n // 2, f"{n}.00") for n in range(2, 12)],
        [(n, f"{n}.00") for n in range(2, 12)],
        [(n // 2, "9.99") for n in range(2, 12)],
    ],
)
def test_amounts_of_lines_are_not_taken_for_totals(sales, rows):
    found = sales("amount", rows)
    assert (found.columns["net_amount"], found.doubts) == (("amount",), ())


@pytest.mark.parametrize(
    "name",
    ["total_price", "Prix total", "Gesamtpreis", "Gesamtpreis netto", "extended_price"],
)
def test_the_price_of_all_units_is_no_price_of_one(sales, name):
    rows = [(n, f"{n},{n * 2.5:.2f}") for n in range(2, 12)]
    found = sales(f"qty,{name}", rows).columns
    assert (found["net_amount"], "unit_price" in found) == ((name,), False)
    found = sales(f"qty,price,{name}", [(n, f"2,{n}.00,{n * 2}.00") for n in range(9)])
    assert found.columns["unit_price"] == ("price",)


@pytest.mark.parametrize(
    "names",
    [
        "N° commande,Date commande,Code client,Réf. produit,Qté,Montant HT",
        "Nº de pedido,Fecha,ID cliente,Código producto,Cant.,Importe",
        "Rg-Nr,Datum,Kd.-Nr.,Art.-Nr.,Stk,Gesamt",
        # A name of an item, or its number in the order, is no number of it.
        "Order #,Date,Customer #,SKU,Qty,Total,Item",
    ],
)
def test_numbers_are_known_by_what_stands_before_them_and_if_shortened(guess, names):
    rows = "".join(f"o{n},2026-01-03,c{n},s1,2,{n}.50,1\n" for n in range(5))
    table = guess(f"{names}{'' if 'Item' in names else ',x'}\n{rows}", name="a.csv")
    columns = {m.entity: m.columns for m in table.mappings}["transactions"]
    order, _, customer, product, quantity, amount, *_ = names.split(",")
    assert columns == {
        "source_transaction_id": (order,),
        "source_customer_id": (customer,),
        "source_product_id": (product,),
        "quantity": (quantity,),
        "net_amount": (amount,),
    }


@pytest.mark.parametrize(
    ("names", "amount"),
    [
        ("tax_amount,grand_total", "grand_total"),
        ("subtotal,grand_total", "grand_total"),
        ("shipping_amount,sum_total", "sum_total"),
        ("Umsatz brutto,Umsatz netto", "Umsatz netto"),
        ("Total incl. VAT,Total excl. VAT", "Total excl. VAT"),
        ("Montant TTC,Montant HT", "Montant HT"),
        ("Rabatt Betrag,Betrag nach Rabatt", "Betrag nach Rabatt"),
    ],
)
def test_a_part_of_an_amount_and_one_with_tax_are_not_taken(sales, names, amount):
    rows = [(n, f"{n}.50,{n}.75") for n in range(2, 12)]
    assert sales(names, rows).columns["net_amount"] == (amount,)


@pytest.mark.parametrize(
    ("names", "price"),
    [
        ("list_price,net_price", "net_price"),
        ("cost_price,selling_price", "selling_price"),
        ("EK-Preis,VK-Preis", "VK-Preis"),
    ],
)
def test_the_price_is_what_customers_pay(sales, names, price):
    rows = [(n, f"2,{n}.50,{n}.75") for n in range(2, 12)]
    found = sales(f"qty,{names}", rows).columns
    assert (found["unit_price"], "net_amount" in found) == ((price,), False)


def test_a_discount_on_quantity_times_price_is_marked(sales):
    rows = [(n, f"2,5.00,{n % 2}.00") for n in range(2, 12)]
    found = sales("qty,price,discount", rows)
    assert found.doubts == (
        "discount is not taken off it, neither here nor in the mapping",
    )
    # Of an amount it may have been taken off, and none is none.
    assert sales("qty,amount,discount", rows).doubts == ()
    rows = [(n, "2,5.00,0.00") for n in range(2, 12)]
    assert sales("qty,price,discount", rows).doubts == ()


def test_a_row_that_is_the_sum_of_others_is_marked(sales):
    """A till writes a sale and its lines, and a report its total."""
    parts = [(n, f"{value},x") for n in range(4) for value in ("1.50", "2.50", "4.00")]
    assert (
        "in each order_id, amount of one row is the sum"
        in sales("amount,note", parts).doubts[0]
    )
    lines = [(n, f"{n}.50,x") for n in range(2, 9)]
    assert sales("amount,note", lines).doubts == ()
    found = sales("amount,note", [*lines, ("Sum", "38.50,x")])
    assert "in each file, amount of one row is the sum" in found.doubts[0]


def test_amounts_in_cents_are_marked(sales):
    found = sales("amount_cents", [(n, f"{n}00") for n in range(2, 12)])
    assert "divide by 100" in found.doubts[0]


def test_what_went_back_with_an_amount_above_zero_is_marked(sales):
    kinds = {n: "Refund" if n % 3 else "sale" for n in range(2, 12)}
    rows = [(n, f"{n}.00,{kind}") for n, kind in kinds.items()]
    assert sales("amount,type", rows).returned == {"type": "Refund"}
    rows = [(n, f"{'-' if n % 3 else ''}{n}.00,{kinds[n]}") for n in kinds]
    assert sales("amount,type", rows).returned == {}


def test_a_column_says_in_which_currency_amounts_are(tmp_path):
    def look(*codes: str):
        path = tmp_path / "orders.csv"
        path.write_text(
            "order_id,order_date,amount,Currency\n"
            + "".join(f"{n},2026-01-03,{n}.50,{c}\n" for n, c in enumerate(codes))
        )
        (table,) = guess_tables([path], "shop", True)
        entities = [mapping.entity for mapping in table.mappings]
        return table.columns.currencies, entities, " ".join(table.doubts)

    assert look("USD", "usd", "") == (("USD",), ["transactions"], "")
    # They are never one sum.
    currencies, entities, doubts = look("USD", "EUR", "EUR")
    assert (currencies, entities) == (("EUR", "USD"), [])
    assert "amounts are in EUR, USD, and a source counts in one currency" in doubts
    assert look("buy", "used", "")[0] == ()
