"""What is guessed of files: rule by rule, and that a file keeps its own contract."""

import gzip
import json
from io import BytesIO

import duckdb
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbt_models import WarehouseError
from ingest.contracts import Column
from ingest.contracts.format_keys import read_format
from ingest.inference import json_samples
from ingest.inference.json_places import first_list
from ingest.inference.tables import TableGuess, guess_tables
from ingest.readers import json_marks
from tests.ingest.shop import Shop


def names(table: TableGuess) -> list[str]:
    return [column.name for column in table.columns.columns]


@pytest.mark.parametrize(
    ("values", "name", "data_type"),
    [
        (["1", "2"], "pieces", "integer"),
        (["-1", "3000000000"], "pieces", "bigint"),
        (["1", "2"], "customer_id", "varchar"),
        (["01067", "10115"], "plz", "varchar"),
        (["007", "8"], "what", "varchar"),
        (["+49301234", "+49301235"], "what", "varchar"),
        (["9" * 19, "1"], "customer_id", "varchar"),
        (["1e5", "12"], "article_id", "varchar"),
        (["1E5", "2E3"], "what", "varchar"),
        (["1.5e-7", "2.25"], "what", "double"),
        (["1.5", "22.25"], "what", "decimal(12, 2)"),
        (["1", "22"], "amount", "decimal(12, 2)"),
        (["1.5", "0.125"], "unit_price", "decimal(12, 4)"),
        (["0.30000000000000004", "1.5"], "amount", "decimal(12, 2)"),
        (["52.52006", "13.40495"], "what", "decimal(12, 5)"),
        (["52.5200066", "13.4049540"], "what", "double"),
        (["17850.0", "12.0"], "customer_id", "bigint"),
        (["123456789012.5"], "amount", "decimal(18, 2)"),
        (["yes", "No"], "what", "boolean"),
        (["true", "Paul"], "what", "varchar"),
        (["ja", "vielleicht"], "what", "varchar"),
        (["0x10", "12"], "what", "varchar"),
        (["2026-01-31", "2026-02-28"], "what", "date"),
        (["2026-01-31", "2026-02-30"], "what", "varchar"),
        (["2026-01-31 10:00", "2026-02-28T11:00:00Z"], "what", "timestamp"),
        (["20260131", "20260228"], "order_date", "date"),
        (["20260131", "20260228"], "article_no", "varchar"),
        (["", ""], "what", "varchar"),
        (["(12.50)", "3.00"], "what", "decimal(12, 2)"),
        (["12.50-", "3.00"], "what", "decimal(12, 2)"),
        (["\u221212.50", "3.00"], "what", "decimal(12, 2)"),
        # Codes of areas, and ages from one on.
        (["(212)", "(415)"], "what", "varchar"),
        (["(0228)", "30"], "what", "varchar"),
        (["18-25", "65-"], "what", "varchar"),
    ],
)
def test_types(column, values, name, data_type):
    assert column(values, name).data_type == data_type


@pytest.mark.parametrize(
    ("values", "day_first", "format", "is_doubtful"),
    [
        (["31.01.2026", "01.02.2026"], False, "%d.%m.%Y", False),
        (["01.02.2026", "03.04.2026"], False, "%d.%m.%Y", True),
        (["01/31/2026", "02/01/2026"], True, "%m/%d/%Y", False),
        (["31/01/2026", "02/01/2026"], True, "%d/%m/%Y", False),
        (["01/02/26", "11/12/26"], True, "%d/%m/%y", True),
        (["5 Jan 2026", "17 Feb 2026"], True, "%d %b %Y", False),
    ],
)
def test_dates_in_other_orders(guess, values, day_first, format, is_doubtful):
    rows = "".join(f"k{n},{value}\n" for n, value in enumerate(values))
    table = guess(f"id,day\n{rows}", day_first=day_first)
    day = table.columns.columns[1]
    assert (day.data_type, day.format) == ("date", format)
    assert bool(day.doubts) == is_doubtful


def test_months_come_first_where_nothing_but_the_time_zone_tells(guess):
    table = guess("id,day\na,01/02/2026\nb,03/04/2026\n", day_first=False)
    day = table.columns.columns[1]
    assert day.format == "%m/%d/%Y"
    assert "%d/%m/%Y" in day.doubts[0]


def test_another_column_tells_the_order(guess):
    table = guess("id,a,b\nx,01/02/2026,12/31/2026\ny,03/04/2026,01/01/2026\n")
    assert [c.format for c in table.columns.columns[1:]] == ["%m/%d/%Y"] * 2


@pytest.mark.parametrize(
    ("content", "format"),
    [
        ("id;amount\na;1,5\nb;2,25\n", {"delimiter": ";", "decimal": ","}),
        (
            "id;amount\na;1.012,50 €\nb;2,25 €\n",
            {"delimiter": ";", "decimal": ",", "thousands": ".", "symbols": ["€"]},
        ),
        ('id,amount\na,"1,012.50"\nb,2.25\n', {"thousands": ","}),
        (
            "id;amount\na;1.012,50-\nb;2,25\n",
            {"delimiter": ";", "decimal": ",", "thousands": ".", "negative": "1-"},
        ),
        (
            'id,amount\na,"$ (1,012.50)"\nb,$ 2.25\n',
            {"thousands": ",", "symbols": ["$"], "negative": "(1)"},
        ),
        (
            "id,amount\na,(€1.50)\nb,(2.25 €)\nc,€0.10\n",
            {"symbols": ["€"], "negative": "(1)"},
        ),
        ("id,amount\na,-$1.50\nb,$2.25\n", {"symbols": ["$"]}),
        ("id,area\na,(0228)\nb,30\n", {}),
        ("a,(1.50)\nb,2.25\n", {"negative": "(1)", "header": False}),
        ("id\tamount\na\t$1\nb\t$2\n", {"delimiter": "\t", "symbols": ["$"]}),
        ("id|amount\na|1\nb|NULL\n", {"delimiter": "|", "nulls": ["NULL"]}),
        ("id,amount\na, \nb,3\n", {"nulls": [" "]}),
        ("'id','amount'\n'a','1'\n'b','2'\n", {"quote": "'"}),
        ("Umsätze 2026\n\nid,amount\na,1\nb,2\n", {"skip_lines": 2}),
        ("a,1\nb,2\n", {"header": False}),
        ("shop,2024\na,7\nb,8\n", {}),
        ("a,2024\nb,2025\n", {"header": False}),
        ("2023,2024\n1,2\n3,4\n", {"header": False}),
        (
            "id;weight\na;1.234\nb;12.500\n",
            {"delimiter": ";", "decimal": ",", "thousands": "."},
        ),
        ("id,ort\na,Köln\n".encode("cp1252"), {"encoding": "cp1252"}),
        ("id,ort\na,Köln\n".encode("utf-16"), {}),
        ("\ufeffid,ort\na,Köln\n", {}),
        (
            "id;amount;\na;1,5;\nb;2,25;\n",
            {"delimiter": ";", "decimal": ","},
        ),
        ("id;amount\na;1,5;\nb;2,25;\n", {"delimiter": ";", "decimal": ","}),
        ("id;amount;;;\na;1;;;\nb;2;;;\n", {"delimiter": ";"}),
        (
            "Umsätze\nid;amount\na;1;\nb;2;\n",
            {"delimiter": ";", "skip_lines": 1},
        ),
        ("a;1;\nb;2;\n", {"delimiter": ";", "header": False}),
        ("id;amount\ra;1\rb;2\r", {"delimiter": ";"}),
        ("Umsätze\rid;amount\ra;1\rb;2\r", {"delimiter": ";", "skip_lines": 1}),
        ('"id" ; "amount";what \na;1;x\nb;2;y\n', {"delimiter": ";"}),
        ('id,note\na,"two\nlines, one field"\nb,"say ""hi"""\n', {}),
    ],
)
def test_how_files_are_written(guess, content, format):
    table = guess(content)
    assert table.format == format
    assert read_format(table.format, names(table), table.pattern, "here")
    assert len({name.lower() for name in names(table)}) == len(names(table))


@pytest.mark.parametrize(
    "header", ["id;amount", "id;amount;", " id ; amount", '"id" ; "amount";;']
)
def test_names_are_bare_and_a_line_may_end_in_a_delimiter(guess, header):
    end = ";" * (header.count(";") - 1) or ";"
    table = guess(f"{header}\na;1{end}\nb;2{end}\n")
    assert names(table) == ["id", "amount"]
    assert table.rows == 2


def test_names_that_differ_in_blanks_are_two(guess):
    assert names(guess("id;id ;amount\na;1;2\n")) == ["id", "id ", "amount"]


def test_a_point_that_may_be_either_sign_is_doubtful(guess):
    table = guess("id,amount\na,1.234\nb,2.345\n")
    assert "decimal sign" in " ".join(table.doubts)


def test_numbers_of_two_styles_are_not_mixed(guess):
    table = guess('id,a,b\nx,1.25,"1,25"\ny,3.5,"3,5"\nz,0.5,"0,5"\n')
    assert sorted(c.data_type for c in table.columns.columns[1:]) == [
        "decimal(12, 2)",
        "varchar",
    ]


def test_times_in_utc_by_their_name_are_marked(column):
    (doubt,) = column(["2026-01-01 10:00:00"], "created_gmt").doubts
    assert "UTC by its name" in doubt
    assert not column(["2026-01-01 10:00:00"], "created").doubts


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"\xff\xfe", "is empty"),
        # Without names columns would go by their order, in whatever order they come.
        ("id;name;amount;\n1;x;1,50;\n2;y;1;?\n", "column 4 of 4 has no name"),
        ("id,amount,Amount\na,1,2\n", "column 3 of 3 is called 'Amount', as another"),
        ("id,_load_id\na,1\n", "which the warehouse itself uses"),
        ("id,{{ x }}\na,1\n", "cannot be written in SQL"),
        (b"PK\x03\x04\0\0", "zip archive"),
        (b"SQLite format 3\0", "it is a database"),
        (b"ID3\0", "binary"),
        ("id,amount\n", "no rows"),
        ("This is a letter to all who read.\nIt has no columns at all.\n", "no table"),
        (" 00001 19970101  1   11.77\n 00002 19970112  1   12.00\n", "blanks"),
    ],
)
def test_what_is_no_table_is_refused(guess, content, reason):
    with pytest.raises(WarehouseError, match=reason):
        guess(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"id": 1, "note": "x"}, "one JSON object and no list"),
        ({"data": {"a": {"id": 1}, "b": {"id": 2}}}, "one JSON object and no list"),
        ([{"id": 1, "": 2}], "column 2 of 2 has no name"),
        ([1, 2], "record 1 has no names"),
        ("id,amount", "does not begin as JSON"),
    ],
)
def test_json_without_records_is_refused(guess, content, reason):
    with pytest.raises(WarehouseError, match=reason):
        guess(json.dumps(content, indent=2), name="orders.json")


@pytest.mark.parametrize("content", ["{}\n{}", "{}\n\n {}\n{}\n", "[{}, {}]"])
def test_records_without_fields_are_said(guess, content):
    with pytest.raises(WarehouseError, match="its records have no fields"):
        guess(content, name="orders.jsonl")
    more = content.replace(
        "{}", '{}, {"id": 1}' if content[0] == "[" else '{}\n{"id": 1}'
    )
    assert names(guess(more, name="orders.jsonl")) == ["id"]


def test_records_inside_a_document_are_found(guess):
    document = {"page": {"size": 2}, "data": {"items": [{"id": 1}, {"id": 2}]}}
    for indent in (None, 2):
        table = guess(json.dumps(document, indent=indent), name="orders.json")
        assert (table.format, names(table)) == ({"records": "data.items"}, ["id"])
        assert "data.items" in table.doubts[0]


@pytest.mark.parametrize("chunk", [1 << 20, 3])
def test_the_first_list_of_objects_is_the_one_of_records(chunk, monkeypatch):
    monkeypatch.setattr(json_marks, "_CHUNK", chunk)

    def place(text: str) -> str | None:
        return first_list(BytesIO(text.encode()))

    assert place('{"a": {"b": [], "c": [1, 2], "d": "[{"}, "ü": [{"id": 1}]}') == "ü"
    assert place('{"a": [[{"id": 1}]], "b": {"c\\u0064": [ {} ]}}') == "b.cd"
    assert place('{"a.b": [{"id": 1}], "c": {"d": 1}}') is None


def test_json_that_no_parser_bears_is_looked_at(guess):
    number, deep = "9" * 5_000, "[" * 100_000 + "]" * 100_000
    for text in (
        '[{"id": 1, "n": %s}, {"id": 2, "n": %s}, {"id": 3}]',
        '{"a": {"b": [{"id": 1, "n": %s}, {"id": 2, "n": %s}, {"id": 3}]}}',
        '{"id": 1, "n": %s}\n{"id": 2, "n": %s}\n{"id": 3}\n',
    ):
        table = guess(text % (number, deep), name="orders.json")
        assert [c.data_type for c in table.columns.columns] == ["varchar", "varchar"]
        assert "1 records are no JSON objects" in " ".join(table.doubts)


def test_of_large_records_fewer_are_looked_at(guess, monkeypatch):
    monkeypatch.setattr(json_samples, "_MOST", 30)
    table = guess(json.dumps([{"id": n} for n in range(10)]), name="orders.json")
    assert table.looked_at == "the first 4 rows of one file"


def test_packed_json_is_no_csv(guess):
    lines = gzip.compress(b'{"id": 1, "amount": 1.5}\n{"id": 2, "amount": 2.5}\n')
    table = guess(lines, name="orders.jsonl.gz")
    assert (table.format, names(table)) == ({}, ["id", "amount"])


def test_of_a_workbook_the_sheet_that_is_seen_is_read(guess, tmp_path):
    with xlsxwriter.Workbook(tmp_path / "made.xlsx") as workbook:
        for name, header in (("Old", "x"), ("Sales", "id")):
            sheet = workbook.add_worksheet(name)
            sheet.write_column(0, 0, [header, 1, 2])
        workbook.worksheets()[1].activate()
        workbook.worksheets()[1].set_first_sheet()
        workbook.worksheets()[0].hide()
    # Programs call a workbook CSV.
    for name in ("orders.xlsx", "orders.csv"):
        table = guess((tmp_path / "made.xlsx").read_bytes(), name=name)
        assert (table.format, names(table)) == ({}, ["id"])


def test_amounts_of_several_currencies_are_no_number(column):
    found = column(["$1.50", "€2.50"], "amount")
    assert found.data_type == "varchar"
    assert "EUR and USD" in found.doubts[0]


@pytest.mark.parametrize("type_", ["timestamp_ns", "timestamp", "timestamptz"])
def test_a_time_of_parquet_stays_one_at_midnight(tmp_path, type_):
    path = tmp_path / "orders.parquet"
    duckdb.sql(f"select 1 as id, '2026-01-01'::{type_} as at").write_parquet(str(path))
    (table,) = guess_tables([path], "shop", True)
    assert table.columns.columns[1].data_type == "timestamp"


def test_files_of_other_kinds(tmp_path):
    records = [{"id": 1, "paid": True, "amount": 1.5, "at": "2026-01-01"}, {"id": 2}]
    (tmp_path / "lines.jsonl").write_text("\n".join(map(json.dumps, records)))
    (tmp_path / "list.json").write_text(json.dumps(records))
    duckdb.sql(
        "select 1::bigint as id, true as paid, 1.5::decimal(9, 3) as amount, "
        "date '2026-01-01' as at"
    ).write_parquet(str(tmp_path / "stored.parquet"))
    found = {
        table.name: [c.data_type for c in table.columns.columns]
        for table in guess_tables(sorted(tmp_path.iterdir()), "shop", True)
    }
    assert found["lines"] == found["list"]
    assert found["list"] == ["varchar", "boolean", "decimal(12, 2)", "date"]
    assert found["stored"] == ["bigint", "boolean", "decimal(9, 3)", "date"]


_ROUND = st.decimals(-999, 999, places=2)
_VALUES = st.one_of(
    st.lists(st.integers(-(10**20), 10**20).map(str), min_size=3, max_size=12),
    st.lists(_ROUND.map(str), min_size=3, max_size=12),
    st.lists(_ROUND.map(lambda d: f"({-d})" if d < 0 else f"${d}"), min_size=3),
    st.lists(_ROUND.map(lambda d: f"{-d}-" if d < 0 else str(d)), min_size=3),
    st.lists(st.floats(allow_nan=False).map(str), min_size=3, max_size=12),
    st.lists(st.dates().map(str), min_size=3, max_size=12),
    st.lists(st.datetimes().map(str), min_size=3, max_size=12),
    st.lists(st.dates().map(lambda d: f"{d:%d.%m.}{d.year:04}"), min_size=3),
    st.lists(st.sampled_from(["", "NULL", "-", "1", "yes", "no", "1,5", "1e5"])),
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C"]))),
)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(columns=st.lists(_VALUES, min_size=1, max_size=3), name=st.sampled_from("ab"))
def test_a_file_keeps_the_contract_guessed_of_it(
    columns: list[list[str]], name: str, tmp_path_factory: pytest.TempPathFactory
):
    shop = Shop(tmp_path_factory.mktemp("guessed"))
    length = max(map(len, columns)) + 1
    cells = [
        [f"k{row}", *(c[row] if row < len(c) else "" for c in columns)]
        for row in range(length)
    ]
    header = ["id", *(f"{name}{n}" for n in range(len(columns)))]
    text = "".join(
        ",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n"
        for row in [header, *cells]
    )
    path = shop.export("sales.csv", text)
    (table,) = guess_tables([path], "shop", True)
    (load,) = shop.land(
        columns=tuple(
            Column(c.name, c.data_type, c.required, c.personal, c.format)
            for c in table.columns.columns
        ),
        key=table.identity.key,
        delivery=table.identity.delivery,
        control_amount=None,
        format=read_format(table.format, names(table), table.pattern, "here"),
    )
    assert (load.rows_loaded, load.rows_rejected) == (length, 0)
