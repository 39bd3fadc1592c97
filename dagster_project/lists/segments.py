"""Which lists there are: the values of columns of ``marts.customer_360``."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import duckdb
import yaml

from dbt_models import PROJECT_DIR, WarehouseError, nearest
from ingest.sql import identifier, literal

TABLE = "customer_360"


@dataclass(frozen=True)
class Segment:
    """One list that can be made: who has this value in this column.

    Attributes
    ----------
    kind
        The kind of list, as the column's YAML calls it (``meta: {list: <kind>}``).
    """

    kind: str
    column: str
    name: str

    @property
    def slug(self) -> str:
        """The name as file names and command lines like it."""
        return slug(self.name)


def slug(text: str) -> str:
    """Return a name without what people spell differently: case, blanks, dashes."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\W_]+", "-", folded).strip("-")


def show_segments(published: duckdb.DuckDBPyConnection) -> None:
    """Make all lists that the publication offers visible, as ``list_segments``.

    ``customer_contacts`` must be visible to the connection.

    Raises
    ------
    WarehouseError
        If the publication does not have the table.
    """
    rows = published.execute(
        "select column_name from duckdb_columns() "
        f"where schema_name = 'marts' and table_name = {literal(TABLE)}"
    ).fetchall()
    kinds = {kind: name for kind, name in _list_columns().items() if (name,) in rows}
    if not kinds:
        raise WarehouseError(
            f"the publication has no table marts.{TABLE} with segments: it was made by "
            "an earlier version. `crm run` publishes it anew."
        )
    counts = " union all ".join(
        f"""select
            {position} as kind_position,
            {literal(kind)} as kind,
            {literal(column)} as column_name,
            customers.{identifier(column)}::varchar as segment,
            count(*) as customers,
            count(*) filter (where contacts.may_be_contacted) as allowed,
            count(*) filter (where contacts.may_be_contacted is null) as unknown
        from marts.{TABLE} as customers
        inner join customer_contacts as contacts using (customer_key)
        where customers.{identifier(column)} is not null
        group by segment"""
        for position, (kind, column) in enumerate(kinds.items())
    )
    published.execute(f"create temp view list_segments as {counts}")


def read_segments(published: duckdb.DuckDBPyConnection) -> list[Segment]:
    """Return them, kinds in the order of the mart's columns."""
    rows = published.execute(
        "select kind, column_name, segment from list_segments "
        "order by kind_position, segment"
    )
    return [Segment(*row) for row in rows.fetchall()]


def find_segment(segments: Sequence[Segment], typed: str) -> Segment:
    """Return the one that somebody means: ``At risk``, ``at-risk``, ``rfm/at-risk``.

    Raises
    ------
    WarehouseError
        If none is called so, or more than one.
    """
    matches = [
        segment
        for segment in segments
        if slug(typed) in {segment.slug, slug(_full_name(segment))}
    ]
    # Two that differ only in how they are spelled.
    exact = [x for x in matches if typed in {x.name, _full_name(x)}]
    if len(exact) == 1:
        return exact[0]
    if len(matches) > 1:
        names = ", ".join(f"'{_full_name(segment)}'" for segment in matches)
        raise WarehouseError(f"'{typed}' may be one of several; say which: {names}.")
    if not matches:
        known = sorted({segment.slug for segment in segments})
        advice = nearest(slug(typed), known)
        if advice.startswith("Known"):
            advice = "`crm lists` shows what there is."
        raise WarehouseError(f"nobody is in a segment '{typed}'. {advice}")
    return matches[0]


def _full_name(segment: Segment) -> str:
    return f"{segment.kind}/{segment.name}"


@cache
def _list_columns() -> dict[str, str]:
    """Return kind of list to column, as the mart's YAML marks them."""
    paths = (PROJECT_DIR / "models" / "marts").glob("*/_*__models.yml")
    models = (m for path in paths for m in yaml.safe_load(path.read_text())["models"])
    (mart,) = (model for model in models if model["name"] == TABLE)
    marks = {
        column["name"]: column.get("config", {}).get("meta", {}).get("list")
        for column in mart["columns"]
    }
    return {kind: column for column, kind in marks.items() if kind}
