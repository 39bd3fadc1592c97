"""The last validation as a page for a browser (`build/quality.html`) and as text."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path

import duckdb
from jinja2 import Environment, StrictUndefined, Template

from dbt_models import Deployment
from expectations.learned import TABLES as LEARNED_TABLES
from ingest.contracts import Table

_FILES_SHOWN = 3

_RESULTS = """
    select
        table_name,
        description,
        expectation,
        is_met,
        observed,
        defined_in,
        is_blocking,
        checked_at
    from ops.quality_results
    order by
        is_met nulls last, is_blocking desc, column_name nulls first, description
"""
_LEARNED = """
    select table_name, comment, estimated_size from duckdb_tables()
    where schema_name = 'learned' and database_name = current_database()
"""
_DELIVERED = """
    select
        'raw_' || loads.source_system || '.' || loads.table_name,
        sum(load_files.rows_loaded),
        max(loads.loaded_at),
        max(loads.load_id),
        list(load_files.path order by load_files.path)
            filter (load_files.load_id = newest.load_id)
    from ops.loads as loads
    inner join ops.load_files using (load_id)
    inner join (
        select source_system, table_name, max(load_id) as load_id
        from ops.loads group by all
    ) as newest using (source_system, table_name)
    where not load_files.is_repeated
    group by loads.source_system, loads.table_name
"""


@dataclass(frozen=True)
class Checked:
    """One expectation of the last validation, as the table ops.quality_results has it.

    ``is_met`` is None if there was nothing to check it on; ``observed`` then says why.
    """

    description: str
    expectation: str
    is_met: bool | None
    observed: str
    defined_in: str
    is_blocking: bool
    checked_at: datetime

    @property
    def state(self) -> str:
        """``met``, ``not met`` (stops the run), ``to look at`` or ``not checked``."""
        if self.is_met is None:
            return "not checked"
        if self.is_met:
            return "met"
        return "not met" if self.is_blocking else "to look at"


@dataclass(frozen=True)
class TableReport:
    """One table: from where its rows are, and what was checked on it.

    There are no rows if the run stopped before it had come to the table. ``origin`` is
    None where no files were delivered.
    """

    name: str
    description: str
    rows: int
    origin: str | None
    checks: tuple[Checked, ...]

    def having(self, state: str) -> list[Checked]:
        """Return the expectations in a state."""
        return [check for check in self.checks if check.state == state]

    @property
    def state(self) -> str:
        """One of ``STATES``: that of the worst of its expectations."""
        if not self.checks:
            return "not checked"
        for state in ("not met", "to look at", "met"):
            if self.having(state):
                return state
        return "nothing to check"


# Worst first.
STATES = ("not met", "not checked", "to look at", "met", "nothing to check")


@dataclass(frozen=True)
class Report:
    """The last validation of all tables that are checked, worst first."""

    tables: tuple[TableReport, ...]

    def having(self, state: str) -> list[TableReport]:
        """Return the tables in a state."""
        return [table for table in self.tables if table.state == state]

    @cached_property
    def checks(self) -> list[Checked]:
        """All expectations that were checked."""
        found = [check for table in self.tables for check in table.checks]
        return [check for check in found if check.is_met is not None]

    def count(self, state: str) -> int:
        """Return how many expectations are in a state."""
        return sum(len(table.having(state)) for table in self.tables)

    @property
    def checked_at(self) -> datetime | None:
        """When the last of them was checked (UTC)."""
        return max((check.checked_at for check in self.checks), default=None)

    @property
    def is_good(self) -> bool:
        """Whether everything that there was has been checked, and nothing is wrong."""
        is_wrong = self.count("not met") or self.having("not checked")
        return bool(self.checks) and not is_wrong

    @property
    def verdict(self) -> str:
        """The whole in a sentence."""
        count = f"{len(self.checks):,}"
        if not self.checks:
            return "No table has been checked"
        if broken := self.count("not met"):
            return f"{broken:,} of {count} expectations are not met"
        if self.having("not checked"):
            return f"{count} expectations are met, but not every table was checked"
        if doubts := self.count("to look at"):
            return f"All but {doubts:,} of {count} expectations are met: worth a look"
        return f"All {count} expectations are met"


def read_report(
    connection: duckdb.DuckDBPyConnection, raw_tables: Iterable[Table]
) -> Report:
    """Read what a build or a publication knows of the validation of its tables."""
    checks = defaultdict(list)
    for name, *values in connection.execute(_RESULTS).fetchall():
        checks[name].append(Checked(*values))
    delivered = {
        name: values for name, *values in connection.execute(_DELIVERED).fetchall()
    }
    reports = []
    for table in raw_tables:
        name = f"{table.raw_schema}.{table.name}"
        rows, *load = delivered.get(name, (0,))
        origin = _origin(table, *load) if load else None
        found = tuple(checks[name])
        reports.append(
            TableReport(table.full_name, table.description, rows, origin, found)
        )
    made = {name: values for name, *values in connection.execute(_LEARNED).fetchall()}
    for table_name in LEARNED_TABLES:
        name = f"learned.{table_name}"
        description, rows = made.get(table_name, ("", 0))
        found = tuple(checks[name])
        reports.append(TableReport(name, description, rows, None, found))
    return Report(tuple(sorted(reports, key=lambda each: STATES.index(each.state))))


def _origin(
    table: Table, loaded_at: datetime, load_id: int, files: Sequence[str]
) -> str:
    """Name the files of a load that has a few, else some and how many."""
    listed = ", ".join(table.place(file) for file in files[:_FILES_SHOWN])
    if len(files) > _FILES_SHOWN:
        listed += f" and {len(files) - _FILES_SHOWN} more files"
    return f"newest load: {load_id}, {loaded_at:%Y-%m-%d %H:%M:%S} UTC, from {listed}"


def page_path(deployment: Deployment) -> Path:
    """Return where the page is."""
    return deployment.build / "quality.html"


def write_page(deployment: Deployment, report: Report) -> Path:
    """Write the page, in one step, and return where it is."""
    path = page_path(deployment)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    aside.write_text(_template().render(report=report))
    return aside.replace(path)


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(Path(__file__).with_suffix(".html").read_text())
