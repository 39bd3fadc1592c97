"""`crm sources`: a source from real files, and what is open of it."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from dagster_project.sources.marks import open_marks
from tests.project_copy import crm, project_copy

# As a German till writes them: semicolons, decimal commas, days first, cp1252.
SALES = """Bon-Nr;Kundennr;Kaufdatum;Artikel;Menge;Betrag (EUR)
B001;0017;03.01.2026;Äpfel;2;3,98
B002;0017;17.02.2026;"Öl; extra";1;1.012,50
B003;0023;28.02.2026;Brot;1;4,20
B004;;01.03.2026;Brot;1;4,20
B005;0023;05.03.2026;Brot;-1;-4,20
"""
CONTRACT = "dbt_models/models/sources/shop/_shop__sources.yml"


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """Return a copy of the project without any exports."""
    copy = project_copy(tmp_path_factory.mktemp("sources") / "project")
    (copy / "data").mkdir()
    (copy / "data" / "settings.yml").write_text("timezone: Europe/Berlin\n")
    return copy


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    path = tmp_path / "Kasse_2026-03.csv"
    path.write_bytes(SALES.encode("cp1252"))
    return path


def refusal(project: Path, *arguments: str) -> str:
    said = crm(project, "sources", *arguments, code=1)
    assert said.startswith("Error: ")
    return said


def test_what_cannot_be_a_source_is_refused_in_a_sentence(project, sales, tmp_path):
    file = str(sales)
    assert "is no file" in refusal(project, "add", "no.csv", "--name", "till")
    page = tmp_path / "page.csv"
    page.write_text("<html><body>Please log in</body></html>")
    assert "not a table" in refusal(project, "add", str(page), "--name", "till")
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    assert "is empty" in refusal(project, "add", str(empty), "--name", "till")
    header = tmp_path / "header.csv"
    header.write_text("id,amount\n")
    assert "no rows" in refusal(project, "add", str(header), "--name", "till")
    for name in ("My Shop", "1shop", "a__b", "../shop"):
        assert "cannot be the name" in refusal(project, "add", file, "--name", name)
    zone = refusal(project, "add", file, "--name", "till", "--timezone", "Berlin")
    assert "Did you mean" in zone
    assert "three letters" in refusal(
        project, "add", file, "--name", "till", "--currency", "euro"
    )
    assert "is there already" in refusal(
        project, "add", file, "--name", "online_retail"
    )
    assert not (project / "dbt_models/models/sources/till").exists()
    assert "Did you mean 'online_retail'" in refusal(project, "check", "online_retai")


def test_from_a_new_csv_to_rfm_with_one_edited_file(project, sales):
    said = crm(project, "sources", "add", str(sales), "--name", "shop", "--copy")
    assert "guesses marked" in said
    open_ones = crm(project, "sources", "check", "shop", code=1)
    assert f"{CONTRACT}:11: timezone: " in open_ones
    contract = project / CONTRACT
    written = contract.read_text()
    # Somebody has looked at each guess, and agrees with all but one.
    looked_at = re.sub(r" *# review:.*", "", written)
    assert "timezone: Europe/Berlin\n" in looked_at
    contract.write_text(looked_at.replace("Europe/Berlin", "Asia/Tokyo"))
    assert crm(project, "sources", "check", "shop") == (
        "Nothing is open of source shop.\n"
    )
    crm(project, "run")
    path = project / "data" / "published" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as published:
        # Days are business dates in whatever zone.
        assert published.execute(
            """select source_customer_id, last_transaction_date, transaction_count,
                net_amount
            from marts.customer_rfm
            inner join core.dim_customers using (customer_key)
            order by all"""
        ).fetchall() == [
            ("0017", date(2026, 2, 17), 2, Decimal("1016.48")),
            ("0023", date(2026, 2, 28), 1, Decimal("0")),
        ]
        assert published.execute(
            "select sum(abs(difference_amount)) from ops.reconciliation"
        ).fetchone() == (0,)


def test_orders_with_an_email_on_each_line_reach_the_fact(tmp_path):
    """One table is transactions, customers and contacts, and has what each needs."""
    project = project_copy(tmp_path / "project")
    path = tmp_path / "checkout_2026-03.csv"
    path.write_text(
        "Customer ID,E-Mail,Order Date,Total\n"
        "17,ada@shop.example,2026-01-03,3.98\n23,bo@shop.example,2026-02-28,4.20\n"
    )
    crm(project, "sources", "add", str(path), "--name", "web", "--copy")
    folder = project / "dbt_models/models/sources/web"
    staged = (folder / "stg_web__checkout.sql").read_text()
    assert "-- review: what was bought counts by what its customer is now" in staged
    assert "config(materialized='incremental', unique_key='line_id')" in staged
    assert (folder / "int_web__contacts.sql").exists()
    crm(project, "run")
    published = project / "data" / "published" / "warehouse.duckdb"
    with duckdb.connect(published, read_only=True) as connection:
        assert connection.execute(
            """select customer.source_customer_id, transaction_date, net_amount
            from core.fct_transactions
            inner join core.dim_customers as customer using (customer_key)
            order by all"""
        ).fetchall() == [
            ("17", date(2026, 1, 3), Decimal("3.98")),
            ("23", date(2026, 2, 28), Decimal("4.20")),
        ]


def test_tables_of_several_kinds_supply_what_they_have(project, tmp_path):
    files = {
        "customers_2026-03-31.csv": "CustomerID,FirstName,LastName,E-Mail,Newsletter\n"
        "1,Ada,Klein,ada@shop.example,yes\n2,Bo,Groß,bo@shop.example,no\n",
        "orders_2026-01.csv": "OrderID,LineNo,CustomerID,SKU,OrderDate,Quantity,Price\n"
        "10,1,1,A-1,2026-01-03 10:00:00,2,1.99\n10,2,1,A-2,2026-01-03 10:00:00,1,5\n",
        "orders_2026-02.csv": "OrderID,LineNo,CustomerID,SKU,OrderDate,Quantity,Price\n"
        "11,1,3,A-1,2026-02-03 10:00:00,1,1.99\n",
        "products.csv": "sku,name,order\nA-1,Apple,1\nA-2,Oil,2\n",
        "calls.csv": "call_id,customer_id,call_date\nc1,1,2026-01-05\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    paths = [str(tmp_path / name) for name in files]
    crm(project, "sources", "add", *paths, "--name", "web", "--currency", "EUR")
    folder = project / "dbt_models/models/sources/web"
    entities = sorted(path.stem.rpartition("__")[2] for path in folder.glob("int_*"))
    assert entities == [
        *("contacts", "customers", "products", "touchpoints", "transactions")
    ]
    contract = (folder / "_web__sources.yml").read_text()
    assert "currency: EUR\n" in contract
    assert "export: web/orders_*.csv\n" in contract
    assert "key: [OrderID, LineNo]  # review:" in contract
    assert "control_amount: Quantity * Price  # review:" in contract
    lines = (folder / "int_web__transactions.sql").read_text()
    assert "quantity * price as net_amount" in lines
    customers = (folder / "int_web__customers.sql").read_text()
    assert "ref('stg_web__orders')" in customers
    assert "ref('stg_web__customers')" in customers
    staged = (folder / "stg_web__customers.sql").read_text()
    assert "-- review: what was bought counts by what its customer is now" in staged
    calls = (folder / "int_web__touchpoints.sql").read_text()
    assert "call_date as touchpoint_date" in calls
    assert "'phone' as channel" in calls
    products = (folder / "stg_web__products.sql").read_text()
    assert '"order" as products_order' in products


def test_a_second_table_of_sales_is_left_out_until_it_is_added(tmp_path):
    project = project_copy(tmp_path / "project")
    header = "order_id,order_date,customer_id,total\n"
    paths = [tmp_path / "store_sales.csv", tmp_path / "web_orders.csv"]
    for path, customer in zip(paths, "ab", strict=True):
        path.write_text(f"{header}{customer}1,2026-01-03,{customer},2.50\n")
    add = ("sources", "add", *map(str, paths), "--name", "both", "--copy")
    assert "supplies no transactions (they are made of store_sales only)" in crm(
        project, *add
    )
    folder = project / "dbt_models/models/sources/both"
    contract, sales = (
        folder / "_both__sources.yml",
        folder / "int_both__transactions.sql",
    )
    assert (
        "# review: looks like transactions, too, but int_both__transactions.sql is "
        "made of store_sales only: if these are others, add them there (union all, "
        "without last_load_id), and control_amount here\n"
    ) in contract.read_text()
    # As it says.
    amount = "            control_amount: total\n"
    contract.write_text(
        contract.read_text().replace(
            "            export: both/web", f"{amount}            export: both/web"
        )
    )
    sql = sales.read_text().replace(",\n    _last_load_id as last_load_id", "")
    sales.write_text(f"{sql}union all\n{sql.replace('store_sales', 'web_orders')}")
    crm(project, "run")
    published = project / "data" / "published" / "warehouse.duckdb"
    with duckdb.connect(published, read_only=True) as connection:
        assert connection.execute(
            "select net_amount from marts.customer_rfm"
        ).fetchall() == [(Decimal("2.5"),), (Decimal("2.5"),)]


def test_the_currency_that_files_say_is_the_source_s_or_contradicts_it(
    project, tmp_path
):
    path = tmp_path / "orders.csv"
    path.write_text(
        "order_id,order_date,customer_id,total,currency\n1,2026-01-03,a,2.50,USD\n"
    )
    contract = project / "dbt_models/models/sources/coins/_coins__sources.yml"
    add = ("sources", "add", str(path), "--name", "coins", "--force")
    crm(project, *add)
    assert "currency: USD  # review: by currency in orders; a" in contract.read_text()
    crm(project, *add, "--currency", "EUR")
    assert (
        "currency: EUR  # review: some amounts are in USD, by currency in orders, and "
        "would count as EUR\n"
    ) in contract.read_text()
    path.write_text("order_id;order_date;total\n1;2026-01-03;$ 2.50\n")
    crm(project, *add, "--currency", "EUR")
    assert "some amounts are in USD, by signs in orders" in contract.read_text()


def test_a_folder_is_written_anew_only_when_forced(project, sales):
    folder = project / "dbt_models/models/sources/again"
    crm(project, "sources", "add", str(sales), "--name", "again")
    contract = folder / "_again__sources.yml"
    contract.write_text("mine")
    refused = refusal(project, "add", str(sales), "--name", "again")
    assert "nothing was changed" in refused
    assert contract.read_text() == "mine"
    assert "not a dbt source file" in crm(project, "sources", "check", code=1)
    crm(project, "sources", "add", str(sales), "--name", "again", "--force")
    assert "name: again" in contract.read_text()
    # Its files are nowhere yet, and a stray one matches nothing.
    exports = project / "data" / "exports" / "again"
    exports.mkdir(parents=True)
    (exports / "other.csv").write_text("a,b\n1,2\n")
    said = crm(project, "sources", "check", "again", code=1)
    assert "no file matches" in said
    assert "exports/again/other.csv matches no table" in said
    assert "A guess is accepted by" in said
    contract.write_text(re.sub(r" *# review:.*", "", contract.read_text()))
    for model in folder.glob("*.sql"):
        model.write_text(re.sub(r" *-- review:.*", "", model.read_text()))
    said = crm(project, "sources", "check", "again", code=1)
    assert "no file matches" in said
    assert "A guess" not in said


def test_files_that_cannot_lie_in_one_folder_are_refused_before_anything(
    project, sales, tmp_path
):
    other = tmp_path / "other" / sales.name
    other.parent.mkdir()
    other.write_bytes(sales.read_bytes().replace(b"B00", b"C00"))
    files = (str(sales), str(other))
    assert "have one name" in refusal(project, "add", *files, "--name", "one", "--copy")
    exports = project / "data" / "exports" / "one"
    exports.mkdir(parents=True)
    (exports / sales.name).write_text("id\n1\n")
    refused = refusal(project, "add", str(sales), "--name", "one", "--copy")
    assert "is another file; nothing was written" in refused
    assert not (project / "dbt_models/models/sources/one").exists()
    assert [path.name for path in exports.iterdir()] == [sales.name]


def test_files_of_one_name_in_folders_of_dates_are_one_table(project, tmp_path):
    for day in ("01", "02"):
        path = tmp_path / "till" / "2026" / "01" / day / "orders.csv"
        path.parent.mkdir(parents=True)
        path.write_text(f"order_id,order_date,total\n{day},2026-01-{day},2.50\n")
    paths = map(str, sorted(tmp_path.rglob("*.csv")))
    said = crm(project, "sources", "add", *paths, "--name", "daily", "--copy")
    assert "orders: 3 columns, 2 rows of 2 files" in said
    assert "Does not land" not in said
    contract = project / "dbt_models/models/sources/daily/_daily__sources.yml"
    assert "export: daily/*/*/*/orders*.csv\n" in contract.read_text()
    exports = project / "data" / "exports" / "daily"
    assert (exports / "2026" / "01" / "02" / "orders.csv").exists()
    assert "no file matches" not in crm(project, "sources", "check", "daily", code=1)


def test_what_does_not_land_under_the_contract_is_said_at_once(project, tmp_path):
    good, bad, worse = (tmp_path / name for name in ("a.csv", "b.csv", "c.csv"))
    good.write_text("id,amount\n1,2.50\n2,3.50\n")
    bad.write_text("id,amount\n1,2.50\n2,3.50,7\n3,4.50\n")
    # It breaks off inside a character.
    worse.write_bytes("id,amount\n1,2.50\n2,3.50\n".encode("utf-16")[:-1])
    paths = map(str, (good, bad, worse))
    said = crm(project, "sources", "add", *paths, "--name", "trial")
    assert "Does not land: trial.a:" not in said
    assert "Does not land: trial.b: 1 of 3 rows do not keep the contract" in said
    assert "Does not land: trial.c: exports/trial/c.csv: " in said
    # It was a trial.
    assert not (project / "data" / "raw" / "trial").exists()
    assert not list((project / "data" / "build").glob("trial*"))


def test_tables_that_are_called_like_words_of_yaml_and_sql(tmp_path):
    project = project_copy(tmp_path / "project")
    orders, customers = tmp_path / "null.csv", tmp_path / "group.csv"
    orders.write_text("order_id,order_date,customer_id,total\n1,2026-01-03,a,2.50\n")
    customers.write_text("customer_id,e-mail,country\na,ada@shop.example,DE\n")
    files = (str(orders), str(customers))
    said = crm(project, "sources", "add", *files, "--name", "yes", "--copy")
    assert "Does not land" not in said
    folder = project / "dbt_models/models/sources/yes"
    assert '- name: "null"\n' in (folder / "_yes__sources.yml").read_text()
    crm(project, "run")
    published = project / "data" / "published" / "warehouse.duckdb"
    with duckdb.connect(published, read_only=True) as connection:
        assert connection.execute(
            "select net_amount from marts.customer_rfm"
        ).fetchall() == [(Decimal("2.5"),)]


def test_a_mark_says_the_whole_name_of_its_column(tmp_path):
    (tmp_path / "_shop__sources.yml").write_text(
        "  - {name: Paid at, data_type: date}  # review: is it?\n"
        '  - {name: "a, \\"b\\": c", data_type: date}  # review: is it?\n'
        "    key: [Paid at]  # review: is it?\n"
        "  - name: order lines  # review: is it one, or are they two?\n"
    )
    assert [mark.text for mark in open_marks(tmp_path)] == [
        "Paid at: is it?",
        '"a, \\"b\\": c": is it?',
        "key: is it?",
        "order lines: is it one, or are they two?",
    ]
