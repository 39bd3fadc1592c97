"""Mistakes in a contract: each is told with its place and the nearest right word."""

from pathlib import Path

import pytest
import yaml

from dbt_models import WarehouseError
from ingest.contracts import tables as contract_tables
from ingest.contracts.sources import read_sources
from tests.ingest.contracts.contract_files import (
    FROM_DATABASE,
    GONE,
    ID,
    META,
    SALES,
    SALES_META,
    SHOP,
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
        (SALES_META, "table sales", "conection", "connection"),
        (SALES_META, "table sales", "realtion", "relation"),
        (SALES_META, "table sales", "curser", "cursor"),
        (SALES_META, "table sales", "overlaps", "overlap"),
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


WARN_AFTER = (*SALES, "config", "freshness", "warn_after")
FORMAT = (*SALES_META, "format")
AMOUNT = (*SALES_META, "control_amount")
WRONG = {
    "a list for the export": (((*SALES_META, "export"), ["a", "b"]), "not ['a', 'b']"),
    "no export": (((*SALES_META, "export"), ""), "export must be a pattern"),
    "an absolute export": (
        ((*SALES_META, "export"), "/etc/x*.csv"),
        "below the folder",
    ),
    "an export outside": (((*SALES_META, "export"), "../x*.csv"), "below the folder"),
    "an export that goes out": (
        ((*SALES_META, "export"), "shop/../../x.csv"),
        "below the folder",
    ),
    "a number for the amount": ((AMOUNT, 5), "control_amount must be a column or SQL"),
    "a mistyped amount": ((AMOUNT, "amuont * line"), "Did you mean 'amount'?"),
    "an amount that is no SQL": ((AMOUNT, "amount *"), "cannot be added up: Parser"),
    "an amount of text": ((AMOUNT, "email"), "cannot be added up"),
    "an amount that is a sum": ((AMOUNT, "sum(amount)"), "cannot be added up"),
    "a text for when it was known": (
        ((*SALES_META, "known_at"), "email"),
        "known_at 'email' must be a date or a timestamp, not a varchar",
    ),
    "too many digits": (((*ID, "data_type"), "decimal(50, 2)"), "1 to 38 digits"),
    "digits behind none": (((*ID, "data_type"), "decimal(2, 3)"), "1 to 38 digits"),
    "no type": (((*ID, "data_type"), None), "unknown data_type 'None'. Known: boolean"),
    "a column twice": (((*SALES, "columns", 1, "name"), "ID"), "ID stands twice"),
    "a table twice": ((("tables", 1, "name"), "sales"), "sales stands twice"),
    "a name of our own": (((*ID, "name"), "_Load_id"), "warehouse itself uses"),
    "a path for a table": (((*SALES, "name"), "../x"), "only letters, digits"),
    "a number for a column": (((*ID, "name"), 5), "each of its columns needs a name"),
    "widths without a column": (
        (FORMAT, {"widths": {"idd": 3, "line": 2}}),
        "widths of format lacks the column 'id'. Did you mean 'idd'?",
    ),
    "a delimiter that quotes": (
        (FORMAT, {"delimiter": "'", "quote": "'"}),
        "delimiter and quote",
    ),
    "a word for what is below zero": (
        (FORMAT, {"negative": "brackets"}),
        "'negative' of format must be '1-' or '(1)', beside '-1', not 'brackets'",
    ),
    "a list for what is below zero": (
        (FORMAT, {"negative": ["(1)"]}),
        "'negative' of format must be '1-' or '(1)', beside '-1', not ['(1)']",
    ),
    "a delimiter of Parquet": (
        (FORMAT, {"kind": "parquet", "delimiter": ";"}),
        "'delimiter' of format is for csv files, and these are of the kind parquet",
    ),
    "quotes of fixed width": (
        (FORMAT, {"quote": "'", "widths": {"id": 1}}),
        "'quote' of format is for csv files",
    ),
    "required in quotes": (
        ((*ID, "config", "meta", "required"), "no"),
        "required must be true or false, not 'no'",
    ),
    "required and optional": (
        ((*ID, "config", "meta", "optional"), True),
        "column id: what is required is not optional",
    ),
    "a word for optional": (
        ((*SALES_META, "optional"), "nope"),
        "optional must be true or false",
    ),
    "yes for personal": (
        ((*ID, "config", "meta", "personal"), True),
        "unknown kind of personal data 'True'. Known: contact",
    ),
    "an unknown kind of personal data": (
        ((*ID, "config", "meta", "personal"), "contacts"),
        "unknown kind of personal data 'contacts'. Did you mean 'contact'?",
    ),
    "a column twice in the key": (
        ((*SALES_META, "key"), ["id", "id"]),
        "id stands in its key twice",
    ),
    "a folder for the export": (
        ((*SALES_META, "export"), "shop/"),
        "such as shop/*.csv, not the folder 'shop/'",
    ),
    "a place in CSV": (
        (FORMAT, {"records": "data"}),
        "'records' of format is for json files, and these are of the kind csv",
    ),
    "an empty time zone": (
        ((*META, "timezone"), ""),
        "timezone must be a zone such as Europe/Berlin, not ''. None of the",
    ),
    "a number for the currency": (((*META, "currency"), 5), "a code of three letters"),
    "a currency in words": (((*META, "currency"), "euro"), "a code of three letters"),
    "a number for the version": (
        ((*SALES_META, "version_by"), 5),
        "a column it does not have: '5'. Known: id, line",
    ),
    "a number in the key": (
        ((*SALES_META, "key"), ["id", 5]),
        "a column it does not have: '5'",
    ),
    "weeks": (
        ((*WARN_AFTER, "period"), "weak"),
        "unknown period of freshness 'weak'. Known: minute, hour, day",
    ),
    "days": (((*WARN_AFTER, "period"), "days"), "Did you mean 'day'?"),
    "no count": (((*WARN_AFTER, "count"), None), "count of freshness must be"),
    "a word for freshness": (
        ((*SALES, "config", "freshness"), "daily"),
        "freshness must be a map",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_right_is_refused_in_a_sentence(sources, case):
    change, said = WRONG[case]
    assert said in refusal(write(sources, changed(change)))


@pytest.mark.parametrize(
    ("export", "format_", "said"),
    [
        ("shop/s*.json", {"delimiter": ";"}, "'delimiter' of format is for csv files"),
        ("shop/s*.csv.gz", {"records": "data"}, "'records' of format is for json"),
        ("shop/s*.XLSX", {"encoding": "cp1252"}, "'encoding' of format is for csv"),
        ("shop/s*.csv", {"sheets": "a"}, None),
        ("shop/s*.csv", {"kind": "json", "records": "data"}, None),
        ("shop/s*.zip", {"delimiter": ";"}, None),
        ("shop/s*", {"records": "data"}, None),
    ],
)
def test_the_exports_ending_tells_what_its_format_may_say(
    sources, export, format_, said
):
    path = write(sources, changed(((*SALES_META, "export"), export), (FORMAT, format_)))
    if said:
        assert said in refusal(path)
    else:
        assert read_sources()[0].tables[0].export == export


def test_a_second_source_is_not_passed_over(sources):
    path = write(sources, SHOP)
    both = {"version": 2, "sources": [SHOP, {**SHOP, "name": "till"}]}
    path.write_text(yaml.safe_dump(both))
    assert "2 entries under 'sources'" in refusal(path)


def test_an_amount_is_looked_at_once(sources, monkeypatch):
    write(sources, changed(((*SALES_META, "control_amount"), "amount * line * 2")))
    read_sources()
    # Every command reads the contracts, many times.
    monkeypatch.setattr(contract_tables, "ask", None)
    assert read_sources()[0].tables[0].control_amount == "amount * line * 2"


def test_a_fixed_width_file_may_have_fields_that_nobody_needs(sources):
    names = ["id", "line", "amount", "paid_at", "changed_at", "email"]
    widths = {"filler": 3, **dict.fromkeys(names, 8)}
    write(sources, changed((FORMAT, {"widths": widths})))
    assert ("filler", 3) in read_sources()[0].tables[0].format.widths


@pytest.mark.parametrize(("says", "header"), [({}, False), ({"header": True}, True)])
def test_fixed_width_has_a_header_only_if_its_contract_says_so(sources, says, header):
    """Its names are the contract's: the first line would be lost, and never missed."""
    names = ["id", "line", "amount", "paid_at", "changed_at", "email"]
    write(sources, changed((FORMAT, {"widths": dict.fromkeys(names, 8), **says})))
    assert read_sources()[0].tables[0].format.header is header


def test_a_key_that_is_no_list_is_not_taken_apart(sources):
    path = write(sources, changed(((*SALES_META, "key"), "id")))
    assert "'i'" not in refusal(path)


def cursor(name: str, *overlap) -> list[tuple]:
    changes = [((*SALES_META, "cursor"), name)]
    return changes + [((*SALES_META, "overlap"), value) for value in overlap]


ORIGINS = {
    "both": (
        [(FROM_DATABASE[2])],
        "export is for files and relation for a table of a database",
    ),
    "a cursor of files": (cursor("changed_at"), "export is for files and cursor for"),
    "no connection": (
        [*FROM_DATABASE, ((*SALES_META, "connection"), GONE)],
        "the contract lacks 'connection'",
    ),
    "no relation": (
        [*FROM_DATABASE, ((*SALES_META, "relation"), GONE)],
        "the contract lacks 'relation'",
    ),
    "neither": ([FROM_DATABASE[0]], "(or 'connection' and 'relation')"),
    "an address": (
        [*FROM_DATABASE, ((*SALES_META, "connection"), "postgresql://a@b/c")],
        "connection must be a name in connections.yml",
    ),
    "a number for the connection": (
        [*FROM_DATABASE, ((*SALES_META, "connection"), 5)],
        "connection must be a name",
    ),
    "a number for the relation": (
        [*FROM_DATABASE, ((*SALES_META, "relation"), 5)],
        "relation must be a table",
    ),
    "three parts": (
        [*FROM_DATABASE, ((*SALES_META, "relation"), "shop.public.sales")],
        "relation must be a table",
    ),
    "an open quote": (
        [*FROM_DATABASE, ((*SALES_META, "relation"), 'public."sales')],
        "relation must be a table",
    ),
    "a format": (
        [*FROM_DATABASE, ((*SALES_META, "format"), {"delimiter": ";"})],
        "a table of a database has none",
    ),
    "an unknown cursor": (
        [*FROM_DATABASE, *cursor("change_at")],
        "a column it does not have: 'change_at'. Did you mean 'changed_at'?",
    ),
    "a text as cursor": (
        [*FROM_DATABASE, *cursor("email")],
        "cursor 'email' must be a timestamp, date, integer or bigint, not a varchar",
    ),
    "a cursor that does not sort": (
        [
            *FROM_DATABASE,
            *cursor("changed_at"),
            ((*SALES, "columns", 4, "config"), {"meta": {"format": "%d.%m.%Y"}}),
        ],
        "cursor 'changed_at' has a format: it is text",
    ),
    "a share of deletions above all": (
        [((*SALES_META, "delivery"), "snapshot"), ((*SALES_META, "max_deletions"), 2)],
        "max_deletions must be a share of the rows",
    ),
    "a share of deletions in words": (
        [
            ((*SALES_META, "delivery"), "snapshot"),
            ((*SALES_META, "max_deletions"), "all"),
        ],
        "max_deletions must be a share of the rows",
    ),
    "deletions of what is never deleted": (
        [((*SALES_META, "max_deletions"), 0.1)],
        "max_deletions is for snapshots",
    ),
    "a snapshot with a cursor": (
        [
            *FROM_DATABASE,
            *cursor("changed_at"),
            ((*SALES_META, "delivery"), "snapshot"),
        ],
        "a snapshot is the whole table",
    ),
    "an overlap of nothing": (
        [*FROM_DATABASE, ((*SALES_META, "overlap"), 5)],
        "an overlap needs a cursor",
    ),
    "a number for a time": (
        [*FROM_DATABASE, *cursor("changed_at", 5)],
        "overlap must be a time, such as {count: 2, period: day}, not 5",
    ),
    "a time for a number": (
        [*FROM_DATABASE, *cursor("id", {"count": 1, "period": "day"})],
        "overlap must be a whole number",
    ),
    "below nothing": (
        [*FROM_DATABASE, *cursor("id", -1)],
        "overlap must be a whole number",
    ),
    "yes": ([*FROM_DATABASE, *cursor("id", True)], "overlap must be a whole number"),
    "an unknown period": (
        [*FROM_DATABASE, *cursor("changed_at", {"count": 1, "period": "days"})],
        "unknown period 'days' of overlap for a timestamp. Did you mean 'day'?",
    ),
    "an unknown key": (
        [*FROM_DATABASE, *cursor("changed_at", {"cuont": 1, "period": "day"})],
        "unknown key 'cuont' of overlap. Did you mean 'count'?",
    ),
    "no count": (
        [*FROM_DATABASE, *cursor("changed_at", {"period": "day"})],
        "overlap lacks 'count'",
    ),
    "no whole count": (
        [*FROM_DATABASE, *cursor("changed_at", {"count": 1.5, "period": "day"})],
        "count of overlap must be a whole number up to 10,000, not 1.5",
    ),
    "hours of a date": (
        [
            *FROM_DATABASE,
            *cursor("changed_at", {"count": 1, "period": "hour"}),
            ((*SALES, "columns", 4, "data_type"), "date"),
        ],
        "unknown period 'hour' of overlap for a date",
    ),
}


@pytest.mark.parametrize("case", ORIGINS)
def test_where_a_table_comes_from_is_told_what_is_wrong(sources, case):
    changes, said = ORIGINS[case]
    message = refusal(write(sources, changed(*changes)))
    assert "table sales" in message
    assert said in message


@pytest.mark.parametrize("was", ["line_id", [1], {}])
def test_earlier_names_are_a_list_of_names(sources, was):
    message = refusal(write(sources, changed(((*ID, *META, "was"), was))))
    assert "column id: was must be a list of the column's earlier names" in message


@pytest.mark.parametrize("was", [["ID"], ["Line"], ["old", "old"]])
def test_a_name_is_one_columns(sources, was):
    message = refusal(write(sources, changed(((*ID, *META, "was"), was))))
    assert f"column id: was names {was[-1]}, which is the name of a column" in message
