"""Keys made of several columns tell apart what differs, wherever its dashes stand."""

from itertools import product

import duckdb
import jinja2
import pytest

from dbt_models import PROJECT_DIR

MACROS = (PROJECT_DIR / "macros" / "surrogate_key.sql").read_text()
PARTS = ["", "-", "|", "\\", "1", "1|", "1-", "-1", "\\-", "1-1", "1|1", "2|1"]


@pytest.mark.parametrize("macro", ["joined_key", "told_apart", "row_digest"])
@pytest.mark.parametrize("width", [2, 3])
def test_different_rows_have_different_keys(macro, width):
    names = [f"part_{number}" for number in range(width)]
    call = f"{{{{ {macro}({names}) }}}}"
    sql = jinja2.Environment().from_string(MACROS + call).render()
    rows = list(product(PARTS, repeat=width))
    with duckdb.connect() as connection:
        connection.execute(
            f"create table rows ({', '.join(f'{n} text' for n in names)})"
        )
        places = ", ".join("?" * width)
        connection.executemany(f"insert into rows values ({places})", rows)
        keys = connection.execute(f"select count(distinct {sql.strip()}) from rows")
        assert keys.fetchone() == (len(rows),)


def test_a_row_of_nothing_differs_from_a_row_of_empty_text():
    call = "{{ row_digest(['part']) }}"
    sql = jinja2.Environment().from_string(MACROS + call).render()
    rows = "(values (null), (''), ('null|')) as rows (part)"
    keys = duckdb.sql(f"select count(distinct {sql.strip()}) from {rows}")
    assert keys.fetchone() == (3,)
