"""Sources whose models could not go on from the last build are told so."""

import pytest

from tests.project_copy import crm, project_with_corner_shop

MODELS = "dbt_models/models/sources/corner_shop"


@pytest.fixture
def project(tmp_path):
    return project_with_corner_shop(tmp_path / "project")


def test_a_line_made_of_several_tables_does_not_hand_its_load_on(project):
    # Through a model of its own: what it refers to is a single one.
    staged = "{{ ref('stg_corner_shop__receipts') }}"
    (project / MODELS / "int_corner_shop__called_receipts.sql").write_text(
        f"""select receipts.*
        from {staged} as receipts
        left join {{{{ ref('stg_corner_shop__calls') }}}} using (member)
        """
    )
    lines = project / MODELS / "int_corner_shop__transactions.sql"
    text = lines.read_text()
    assert staged in text
    lines.write_text(
        text.replace(staged, "{{ ref('int_corner_shop__called_receipts') }}")
    )
    said = crm(project, "run", code=1)
    assert "int_corner_shop__transactions hands last_load_id on" in said
    assert "several tables (corner_shop.calls, corner_shop.receipts)" in said


def test_nor_does_one_made_of_several_rows(project):
    """Whether a receipt is a return, its other lines decide."""
    lines = project / MODELS / "int_corner_shop__transactions.sql"
    text = lines.read_text()
    assert "case when amount < 0" in text
    of_receipt = "case when sum(amount) over (partition by receipt) < 0"
    lines.write_text(text.replace("case when amount < 0", of_receipt))
    said = crm(project, "run", code=1)
    assert "several rows (int_corner_shop__transactions)" in said


def test_rows_of_snapshots_are_not_staged_by_what_loads_touch(project):
    members = project / MODELS / "stg_corner_shop__members.sql"
    config = "{{ config(materialized='incremental', unique_key='member') }}\n"
    members.write_text(config + members.read_text())
    said = crm(project, "run", code=1)
    assert "corner_shop.members is delivered as snapshots" in said
