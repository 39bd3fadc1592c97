"""Rows without a value that they must have: the run says where, and what to do."""

import re
import shutil

import pytest

from tests.project_copy import crm, project_with_corner_shop

SOLD_AT = "{name: sold_at, data_type: timestamp"
REQUIRED = f"{SOLD_AT}, config: {{meta: {{required: true}}}}}}"


@pytest.fixture
def project(tmp_path):
    """Return the corner shop, whose second file ends in a total."""
    copy = project_with_corner_shop(tmp_path / "project")
    receipts = copy / "data/exports/corner_shop/receipts_2.csv"
    receipts.write_text(f"{receipts.read_text()}Total,0,,,0.00\n")
    return copy


def test_a_total_below_the_rows_is_found_and_gets_out_as_said(project):
    folder = project / "dbt_models/models/sources/corner_shop"
    contract = folder / "_corner_shop__sources.yml"
    strict = contract.read_text().replace(
        "            known_at: sold_at\n", "            max_rejects: 0.5\n"
    )
    assert REQUIRED in strict
    contract.write_text(strict.replace(REQUIRED, f"{SOLD_AT}}}"))
    said = crm(project, "run", code=1)
    assert "NOT NULL" not in said
    assert "fct_transactions: every row must have transaction_at, but 1 of" in said
    assert "source corner_shop (in int_corner_shop__transactions) have none" in said
    assert "in the contract at sold_at of corner_shop.receipts" in said
    assert "row 3 of exports/corner_shop/receipts_2.csv" in said
    assert "corner_shop/int_corner_shop__transactions.sql" in said
    (load,) = set(re.findall(r"delete (/\S+) while", said))

    # Half of what was said: the rows that are landed stay as they are.
    contract.write_text(strict)
    half = crm(project, "run", code=1)
    assert "which an earlier contract took in, delete " + load in half

    shutil.rmtree(load)
    crm(project, "run")
    assert "Total,0" in crm(project, "rejects")
