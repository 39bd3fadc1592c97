"""JSON: which records of a document are read, and what of them is refused."""

import io
import json
import tracemalloc
from dataclasses import replace
from decimal import Decimal
from random import Random

import duckdb
import pytest

from ingest.contracts.formats import Format
from ingest.readers import json_files, json_marks, json_records
from ingest.readers.json_records import count_records, split_records
from ingest.rejects import RefusedDeliveryError
from tests.ingest.shop import SALES, TYPES, columns, rejects

BELOW = {"format": Format(records="data.items")}
GOOD = '{"id": 1, "amount": 1.50, "note": "x"}'
SECRET = "ann@shop.example"


def refusal(shop, content: str | bytes, name: str = "sales.json", **table) -> str:
    shop.export(name, content)
    with pytest.raises(RefusedDeliveryError) as caught:
        shop.land(SALES, **table)
    message = str(caught.value)
    assert message.startswith(f"exports/shop/{name}: ")
    assert SECRET not in message
    assert shop.loads() == []
    return message


@pytest.mark.parametrize("delivery", ["snapshot", "append"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"data": {"items": "error"}}', "what it has at data.items is no list"),
        ('{"data": {"items": 5, "n": [{"id": 1}]}}', "is no list"),
        ('{"data": {"items": null}}', "is no list"),
        ('{"data": {"items": true}, "items": []}', "is no list"),
        ('{"data": [{"items": [{"id": 1}]}]}', "no list of records at data.items"),
        ('{"data": {}, "x": {"items": []}}', "no list of records at data.items"),
        ('{"a": {"data": {"items": [{"id": 1}]}}}', "no list of records"),
        ('["data", "items"]', "no list of records"),
        ("{}", "no list of records"),
        ('"error"', "no list of records"),
        ("5", "no list of records"),
        ("null", "no list of records"),
        ("true", "no list of records"),
        ("oops", "no list of records"),
    ],
)
def test_what_is_no_list_is_no_empty_delivery(shop, delivery, content, words):
    assert words in refusal(shop, content, delivery=delivery, **BELOW)


def test_a_record_without_a_list_around_it_is_one(shop):
    shop.export("sales.json", f'{{"data": {{"n": 1, "items": {GOOD} , "m": [2]}}}}')
    (load,) = shop.land(SALES, **BELOW)
    assert [(file.rows_read, file.rows_loaded) for file in load.files] == [(1, 1)]
    assert shop.rows("id, amount, note", SALES, **BELOW) == [(1, Decimal("1.50"), "x")]


def test_an_empty_list_is_a_delivery_without_rows(shop):
    shop.export("sales.json", '{"data": {"items": [ ]}, "more": [{"id": 1}]}')
    (load,) = shop.land(SALES, **BELOW)
    assert [(file.rows_read, file.rows_loaded) for file in load.files] == [(0, 0)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f'[{{"id": 1, "note": "{SECRET}"', "cut off: a bracket is still open"),
        (f'[{{"id": 1, "note": "{SECRET}', "cut off: a string is still open"),
        (f"[{GOOD}\\", "cut off"),
        (f'[{GOOD}]\n[{{"note": "{SECRET}"}}]', "not one document only"),
        (f"[{GOOD}] {SECRET}", "not one document only"),
        (f"[{GOOD}]]", "not one document only"),
        (f"[{GOOD}}}", "ends with another bracket"),
        (f'[{{"id": 1, "note": {SECRET}}}]', "line 1: not a JSON object"),
        (f'[{{"note": "{SECRET} \xe9"}}]'.encode("latin-1"), "line 1: not UTF-8."),
        (f'[{GOOD} {{"note": "{SECRET}"}}]', "line 1: not a JSON object"),
        (f"[{GOOD},]", "line 2: not a JSON object"),
        (f'[{GOOD}, "{SECRET}"]', "line 2: not a JSON object"),
    ],
)
def test_why_a_document_is_refused_repeats_nothing_of_it(shop, content, words):
    """Reasons are published."""
    assert words in refusal(shop, content)


HALF = "half of a character"
BROKEN = {
    "half an emoji": (f'{{"id": 2, "note": "{SECRET} \\ud83d"}}', HALF),
    "the other half": ('{"id": 2, "note": "\\udE00\\ud83d"}', HALF),
    "half a name": ('{"id": 2, "\\ud83d": 1}', HALF),
    "nested deeply": (
        f'{{"id": 2, "note": {"[" * 5_000}{"]" * 5_000}}}',
        "nested too deeply",
    ),
    "nested objects": (
        '{"id": 2, "note": ' + '{"a":' * 5_000 + "1" + "}" * 5_001,
        "nested too deeply",
    ),
    "a number of 5,000 digits": (
        f'{{"id": {"1" * 5_000}, "amount": 1}}',
        "not a value of type bigint",
    ),
    "an exponent beyond all": (
        '{"id": 2, "amount": 1e99999999999999999999}',
        "not a value of type decimal(12, 2)",
    ),
    "no number": ('{"id": 2, "amount": NaN}', "not a value of type decimal(12, 2)"),
    "not UTF-8": (b'{"id": 2, "note": "\xe9"}', "not UTF-8"),
    "a name twice": (
        '{"id": 2, "amount": 1, "amount": 2}',
        "a name stands in it twice",
    ),
    "a name twice inside": ('{"id": 2, "note": [{"a": 1, "a": 2}]}', "in it twice"),
}


@pytest.mark.parametrize("kind", ["lines", "document"])
@pytest.mark.parametrize("case", BROKEN)
def test_a_record_that_nobody_can_read_costs_one_row(shop, case, kind):
    content, reason = BROKEN[case]
    content = content if isinstance(content, bytes) else content.encode()
    records = [GOOD.encode(), content, GOOD.replace("1", "3", 1).encode()]
    if kind == "lines":
        shop.export("sales.jsonl", b"\n".join(records))
    else:
        shop.export("sales.json", b"[" + b",".join(records) + b"]")
    (load,) = shop.land(SALES, max_rejects=0.5)
    (reject,) = rejects(shop, 1)
    assert reject["line"] == 2
    assert reason in reject["reason"]
    assert SECRET not in reject["reason"]
    assert "format" not in reject["reason"]
    assert [(f.rows_read, f.rows_loaded) for f in load.files] == [(3, 2)]


def test_numbers_and_characters_are_those_that_are_written(shop):
    digits = "1" * 5_000
    shop.export(
        "sales.json",
        f'[{{"id": 1, "amount": 1.5e2, "note": {digits}}},'
        '{"id": 2, "amount": 1, "note": "\\ud83d\\ude00 \\\\ud83d"},'
        '{"id": 3, "amount": 1, "note": {"n": [1e400, 0.10, -0]}}]',
    )
    shop.land()
    assert shop.rows("amount, note") == [
        (150, digits),
        (1, "\U0001f600 \\ud83d"),
        (1, '{"n": [1e400, 0.10, -0]}'),
    ]


def made_up(choose: Random, depth: int = 0):
    kinds = ["text", "number", "list", "object"][: 4 if depth < 4 else 2]
    match choose.choice(kinds):
        case "text":
            return "".join(choose.choices('a,:"\\[]{} é\n', k=choose.randrange(6)))
        case "number":
            return choose.choice([1, -2.5, None, True])
        case "list":
            return [made_up(choose, depth + 1) for _ in range(choose.randrange(4))]
        case _:
            names = ["data", "items", "item,s", 'q"[', "x\\"]
            return {
                name: made_up(choose, depth + 1)
                for name in choose.sample(names, choose.randrange(5))
            }


@pytest.mark.parametrize("chunk", [1, 2, 7, 1 << 20])
@pytest.mark.parametrize("indent", [None, 1])
def test_records_are_cut_where_a_parser_cuts_them(monkeypatch, chunk, indent):
    """Whatever stands in strings and beside the list, wherever a piece ends."""
    monkeypatch.setattr(json_marks, "_CHUNK", chunk)
    choose = Random(chunk)
    for _ in range(200):
        records = [made_up(choose) for _ in range(choose.randrange(5))]
        beside, around = made_up(choose), made_up(choose)
        document = {"items": beside, "data": {"x": around, "items": records, "y": 1}}
        for place, value in (("data.items", document), (None, records)):
            text = json.dumps(value, indent=indent).encode()
            cut = list(split_records(io.BytesIO(text), place))
            assert list(map(json.loads, cut)) == records
            assert count_records(io.BytesIO(text), place) == len(records)


def test_a_document_of_any_size_takes_no_more_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(json_marks, "_CHUNK", 1 << 14)
    path = tmp_path / "sales.json"
    table = replace(SALES, **BELOW)
    peaks = []
    for records in (2_000, 40_000):
        listed = ",".join([GOOD] * records)
        path.write_text(f'{{"x": [{listed}], "data": {{"items": [{listed}]}}}}')
        tracemalloc.start()
        assert sum(1 for _ in json_files.rows(path, None, table)) == records + 1
        assert json_files.count_rows(path, None, table) == records
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


@pytest.mark.parametrize("name", ["sales.json", "sales.jsonl"])
def test_a_quote_that_is_never_closed_does_not_take_the_whole_file(
    shop, monkeypatch, name
):
    for module in (json_records, json_files):
        monkeypatch.setattr(module, "LONGEST", 1_000)
    content = f'[{GOOD}, {{"note": "{SECRET * 100}'
    assert "longer than" in refusal(
        shop, content.replace("[", "", name[-1] == "l"), name
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"data": {"items": [\n' + GOOD + "\n]}}", "line 1: not a JSON object on a"),
        (json.dumps(json.loads(GOOD), indent=1), "line 1: not a JSON object on a line"),
        (f'{{"data": {{"items": [{GOOD}]}}}}', "none of the 1 fields of its records"),
        (f'{{"{SECRET}": [{GOOD}], "n": 1}}', "none of the 2 fields of its records"),
    ],
)
def test_who_does_not_say_where_the_records_are_is_told_to(shop, content, words):
    message = refusal(shop, content)
    assert words in message
    assert "(format: records)" in message


def test_a_column_that_no_record_has_is_missing(shop):
    content = GOOD.replace("note", "notes")
    message = refusal(shop, content)
    assert "wrong header: column note is missing; it has id, amount, notes" in message
    assert "let the contract say so at the column (config: {meta: {optional:" in message
    optional = {
        "columns": (*SALES.columns[:2], replace(SALES.columns[2], optional=True))
    }
    (load,) = shop.land(SALES, **optional)
    assert load.unknown_columns == ("notes",)
    assert shop.rows("id, note", SALES, **optional) == [(1, None)]


def test_a_column_that_must_be_there_is_not_told_to_be_optional(shop):
    message = refusal(shop, GOOD.replace("id", "nr"))
    assert "column id is missing" in message
    assert "optional" not in message


def test_a_column_that_one_record_has_is_not_missing(shop):
    shop.export("sales.jsonl", f'{{"id": 2, "amount": 1}}\n{GOOD}')
    (load,) = shop.land()
    assert load.rows_loaded == 2


def test_a_column_that_a_record_has_in_two_places_is_not_overwritten(shop):
    table = {"columns": columns({**TYPES, "customer.city": "varchar"})}
    there = GOOD[:-1] + ', "customer.city": "Bonn"'
    other = there.replace("1", "2", 1)
    shop.export("sales.json", f'[{there}, "customer": {{"city": "Ulm"}}}}, {other}}}]')
    (load,) = shop.land(SALES, **table, max_rejects=0.5)
    assert load.rows_loaded == 1
    assert [r["reason"] for r in rejects(shop, 1)] == ["a name stands in it twice"]


def test_a_column_that_became_an_object_of_columns_is_opened(shop):
    city = replace(columns({"customer.city": "varchar"})[0], was=("customer",))
    table = {"columns": (*SALES.columns, city)}
    for number, customer in enumerate(['"Ulm"', '{"city": "Bonn", "street": "x"}']):
        record = GOOD[:-1] + f', "customer": {customer}}}'
        shop.export(f"sales_{number}.json", f"[{record.replace('1', str(number), 1)}]")
    (load,) = shop.land(SALES, **table)
    assert load.unknown_columns == ("customer",)
    shown = shop.rows('id, "customer.city"', SALES, **table)
    assert shown == [(0, "Ulm"), (1, "Bonn")]


def test_keys_that_are_data_are_no_columns(shop):
    types = {**TYPES, "seen.last": "varchar"}
    shop.export(
        "sales.jsonl",
        "".join(
            f'{{"id": {n}, "amount": 1, "note": {{"c{n}{SECRET}": 1}}, '
            f'"seen": {{"last": "x", "c{n}{SECRET}": {{"n": 0.10}}}}, '
            f'"map": {{"c{n}{SECRET}": 1}}, "new": 1}}\n'
            for n in range(100)
        ),
    )
    table = {"columns": columns(types)}
    (load,) = shop.land(SALES, **table)
    assert load.unknown_columns == ("map", "new", "seen")
    (part,) = load.folder(shop.deployment.raw).glob("*.parquet")
    stored = duckdb.sql(f"select note, \"seen.last\", seen, map from '{part}'")
    assert stored.fetchall()[7] == (
        f'{{"c7{SECRET}": 1}}',
        "x",
        f'{{"c7{SECRET}": {{"n": 0.10}}}}',
        f'{{"c7{SECRET}": 1}}',
    )


def test_a_column_may_be_renamed_from_one_record_to_the_next(shop):
    memo = replace(SALES.columns[2], was=("memo",))
    records = [
        {"memo": "x"},
        {"note": "y"},
        {"Note": "z"},
        {"memo": "old", "note": "w"},
    ]
    lines = (
        json.dumps({"id": number, "amount": 1, **record})
        for number, record in enumerate(records)
    )
    shop.export("sales.jsonl", "\n".join(lines))
    table = {"columns": (*SALES.columns[:2], memo)}
    shop.land(**table)
    assert shop.rows("note", **table) == [("x",), ("y",), ("z",), ("w",)]
