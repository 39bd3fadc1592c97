"""Lists of a shop that knows its customers' addresses and asks whom it may write."""

import csv
from pathlib import Path

import duckdb
import pytest

from tests.project_copy import MEMBERS, RECEIPTS, crm, project_with_corner_shop

PEOPLE = {
    "p1": ('=HYPERLINK("http://x.example";"Prize")', "p1@shop.example", "+49 30 1"),
    "p2": ('Müller, Jörg "Jo"\nGmbH', "p2@shop.example", ""),
    "p3": (" ＝1+1", "@p3", "-1+2"),
    "p4": ("Schulze;=1+1", "p4@shop.example", "030 4"),
}
# One says no, one does not answer, one is not in the export at all.
REFUSED = ["no1", "no2", "no3"]


def members() -> str:
    quoted = [[x.replace('"', '""') for x in person] for person in PEOPLE.values()]
    lines = [
        f'{member},"{name}","{email}","{phone}",true\n'
        for member, (name, email, phone) in zip(PEOPLE, quoted, strict=True)
    ]
    lines += ["no1,Nein,no1@shop.example,,false\nno2,Nein,no2@shop.example,,\n"]
    return MEMBERS + "".join(lines)


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """Return a published shop with people who all bought the same on one day."""
    project = project_with_corner_shop(tmp_path_factory.mktemp("lists") / "project")
    exports = project / "data" / "exports" / "corner_shop"
    (exports / "members.csv").write_text(members())
    receipts = [
        f"P{number},1,{member},2026-07-01 12:00:00,8.00\n"
        for number, member in enumerate([*PEOPLE, *REFUSED])
    ]
    # In a segment of their own, and not in the export of members either.
    receipts += [f"A{n},1,alone,2026-07-02 12:00:00,99.00\n" for n in range(3)]
    (exports / "receipts_3.csv").write_text(RECEIPTS + "".join(receipts))
    said = crm(project, "run")
    assert "shop.example" not in said
    return project


@pytest.fixture(scope="module")
def published(project):
    path = project / "data" / "published" / "warehouse.duckdb"
    with duckdb.connect(path, read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def segment(published):
    (segment,) = published.execute(
        "select distinct rfm_segment from marts.customer_rfm "
        "where customer_id like 'corner_shop:p%'"
    ).fetchone()
    return segment


@pytest.fixture(scope="module")
def said(project, segment):
    return crm(project, "lists", "export", segment.upper())


@pytest.fixture(scope="module")
def path(project, said):
    (path,) = (project / "data" / "lists").glob("*.csv")
    assert str(path) in said
    return path


@pytest.fixture(scope="module")
def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_nobody_is_on_it_who_may_not_be_contacted(rows, path, said):
    assert {row["customer_id"] for row in rows} >= {f"corner_shop:{p}" for p in PEOPLE}
    assert not {row["customer_id"] for row in rows} & {
        f"corner_shop:{no}" for no in REFUSED
    }
    assert "unfiltered" not in path.name
    assert "Warning" not in said
    assert f"{len(rows)} customers" in said


def test_the_lists_say_how_many_may_be_contacted(project, segment, published, rows):
    (customers,) = published.execute(
        "select count(*) from marts.customer_rfm where rfm_segment = ?", [segment]
    ).fetchone()
    assert customers >= len(rows) + len(REFUSED)
    (line,) = (x for x in crm(project, "lists").splitlines() if f" {segment} " in x)
    assert line.split()[-2:] == [str(customers), str(len(rows))]


def test_names_and_numbers_arrive_and_no_cell_begins_a_formula(rows):
    found = {row["customer_id"].partition(":")[2]: row for row in rows}
    fields = ("contact_name", "email", "phone")
    for member, person in PEOPLE.items():
        cells = [found[member][field] for field in fields]
        # An apostrophe is all that may be added.
        assert [x.replace("'", "") for x in cells] == list(person)
    for row in rows:
        for name, value in row.items():
            if name != "net_amount":
                assert value.strip(" ")[:1] not in set("=+-@＝\t\r"), (name, value)
    assert found["p1"]["phone"] == "'+49 30 1"
    assert found["p4"]["contact_name"] == "Schulze;'=1+1"


def test_fields_that_nobody_has_are_left_out(rows):
    assert {"street", "postal_code", "city"}.isdisjoint(rows[0])


def test_contact_fields_are_nowhere_in_the_published_file(published, project):
    texts = published.execute(
        """select schema_name, table_name, column_name from duckdb_columns()
        where not internal and contains(data_type, 'VARCHAR')"""
    ).fetchall()
    assert len(texts) > 100
    for schema, table, column in texts:
        assert published.execute(
            f"""select count(*) from {schema}.{table}
            where contains("{column}"::varchar, 'shop.example')
                or contains("{column}"::varchar, 'Schulze')"""
        ).fetchone() == (0,), (schema, table, column)
    file = project / "data" / "published" / "warehouse.duckdb"
    assert b"@shop.example" not in file.read_bytes()
    schemas = published.execute("select distinct schema_name from duckdb_tables()")
    assert ("restricted",) not in schemas.fetchall()


def test_a_list_of_nobody_is_not_written(project, published):
    (alone,) = published.execute(
        "select rfm_segment from marts.customer_rfm "
        "where customer_id = 'corner_shop:alone'"
    ).fetchone()
    before = sorted((project / "data" / "lists").iterdir())
    with pytest.raises(AssertionError, match="may be contacted: no list was written"):
        crm(project, "lists", "export", alone)
    assert sorted((project / "data" / "lists").iterdir()) == before
