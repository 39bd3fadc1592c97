"""What is guessed to be personal data."""

import pytest

from ingest.inference.words import noun_of_table


def test_numbers_of_orders_are_no_names_of_people(guess):
    table = guess("Name,Email\n#10001,a@shop.example\n#10002,b@shop.example\n")
    assert [c.personal for c in table.columns.columns] == [None, "contact"]


def test_personal_data_by_name_and_by_value(guess):
    table = guess(
        "customer_id,Vorname,Nachname,Geburtsdatum,web,PLZ,note\n"
        "1,Ada,Klein,1980-01-01,ada@shop.example,1067,x\n"
        "2,Bo,Groß,1981-01-01,bo@shop.example,10115,y\n",
        name="kunden.csv",
    )
    assert {c.name: (c.personal, c.field) for c in table.columns.columns} == {
        "customer_id": (None, None),
        "Vorname": ("contact", "first name"),
        "Nachname": ("contact", "last name"),
        "Geburtsdatum": ("identity", "identity"),
        "web": ("contact", "email"),
        "PLZ": ("contact", "postal_code"),
        "note": (None, None),
    }
    assert table.columns.columns[5].data_type == "varchar"
    contacts = {m.entity: m.columns for m in table.mappings}["contacts"]
    assert contacts["contact_name"] == ("Vorname", "Nachname")
    # Names of products are nobody's.
    products = guess("sku,name\na1,Ada\na2,Bo\n", name="products.csv")
    assert {c.personal for c in products.columns.columns} == {None}


def test_master_data_of_customers_are_no_sales(guess):
    table = guess(
        "KundenNr;Geb.-Datum;angelegt Datum;Umsatz Vorjahr;Buyer Name\n"
        "1;01.02.1980;03.01.2020;10,00;Ada Klein\n"
        "2;13.03.1981;04.01.2020;20,00;Bo Groß\n",
        name="Kundenstamm_20260131.csv",
    )
    assert [c.personal for c in table.columns.columns] == [
        *(None, "identity", None, None, "contact")
    ]
    assert {m.entity for m in table.mappings} == {"customers", "contacts"}


@pytest.mark.parametrize(
    ("table", "noun"),
    [
        ("kundenliste", "customer"),
        ("customer_data_export", "customer"),
        ("orders_page", "transaction"),
        ("export", None),
        ("stammdaten", None),
    ],
)
def test_a_table_is_about_what_stands_before_list_or_export(table, noun):
    assert noun_of_table(table) == noun


@pytest.mark.parametrize(
    ("values", "name", "personal"),
    [
        (["0090010001", "0090010002"], "VBELN", None),
        (["0049 30 1234", "0049 30/1235"], "what", "contact"),
        (["+49301234567", "+49 30 1235"], "what", "contact"),
        (["0049301234567", "0049301234568"], "Telefon", "contact"),
    ],
)
def test_zeros_before_a_number_do_not_make_it_a_phone(column, values, name, personal):
    assert column(values, name).personal == personal


def test_a_file_of_one_column(guess):
    table = guess("email\na@shop.example\nb@shop.example\n")
    assert [c.personal for c in table.columns.columns] == ["contact"]
