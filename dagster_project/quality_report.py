"""The last validation as a page for a browser (`build/quality.html`) and as text."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from pathlib import Path

import duckdb
from jinja2 import Environment, StrictUndefined, Template

from dbt_models import Deployment
from ingest.contracts import Table

_RESULTS = """
    select
        table_name,
        description,
        expectation,
        is_met,
        observed,
        defined_in,
        checked_at
    from ops.quality_results
    order by is_met nulls last, column_name nulls first, description
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

    ``is_met`` is None if nothing has been delivered yet.
    """

    description: str
    expectation: str
    is_met: bool | None
    observed: str | None
    defined_in: str
    checked_at: datetime


@dataclass(frozen=True)
class TableReport:
    """One raw table: what was delivered, and what was checked on it.

    Load and files are the newest ones; there are none if nothing was delivered, or the
    run stopped before it had taken it in.
    """

    name: str
    description: str
    rows: int
    loaded_at: datetime | None
    load_id: int | None
    files: tuple[str, ...]
    checks: tuple[Checked, ...]

    @cached_property
    def not_met(self) -> int:
        """How many expectations were not met."""
        return sum(check.is_met is False for check in self.checks)

    @property
    def state(self) -> str:
        """``not met``, ``not checked``, ``met`` or ``not delivered``."""
        if self.not_met:
            return "not met"
        if not self.checks:
            return "not checked"
        delivered = all(check.is_met for check in self.checks)
        return "met" if delivered else "not delivered"


@dataclass(frozen=True)
class Report:
    """The last validation of all raw tables of the active sources, worst first."""

    tables: tuple[TableReport, ...]

    def having(self, state: str) -> list[TableReport]:
        """Return the tables in a state."""
        return [table for table in self.tables if table.state == state]

    @cached_property
    def checks(self) -> list[Checked]:
        """All expectations that were checked."""
        found = [check for table in self.tables for check in table.checks]
        return [check for check in found if check.is_met is not None]

    @property
    def not_met(self) -> int:
        """How many expectations were not met."""
        return sum(table.not_met for table in self.tables)

    @property
    def checked_at(self) -> datetime | None:
        """When the last of them was checked (UTC)."""
        return max((check.checked_at for check in self.checks), default=None)

    @property
    def is_good(self) -> bool:
        """Whether everything that was delivered was checked and is as expected."""
        return bool(self.checks) and not (self.not_met or self.having("not checked"))

    @property
    def verdict(self) -> str:
        """The whole in a sentence."""
        count = f"{len(self.checks):,}"
        if not self.checks:
            return "No table has been checked"
        if self.not_met:
            return f"{self.not_met:,} of {count} expectations are not met"
        if self.having("not checked"):
            return f"{count} expectations are met, but not every table was checked"
        return f"All {count} expectations are met"


def read_report(
    connection: duckdb.DuckDBPyConnection, tables: Iterable[Table]
) -> Report:
    """Read what a build or a publication knows of the validation of the tables."""
    checks = defaultdict(list)
    for name, *values in connection.execute(_RESULTS).fetchall():
        checks[name].append(Checked(*values))
    delivered = {
        name: values for name, *values in connection.execute(_DELIVERED).fetchall()
    }
    reports = []
    for table in tables:
        name = f"{table.raw_schema}.{table.name}"
        rows, loaded_at, load_id, files = delivered.get(name, (0, None, None, ()))
        reports.append(
            TableReport(
                name=table.full_name,
                description=table.description,
                rows=rows,
                loaded_at=loaded_at,
                load_id=load_id,
                files=tuple(files),
                checks=tuple(checks[name]),
            )
        )
    order = ("not met", "not checked", "met", "not delivered")
    return Report(tuple(sorted(reports, key=lambda table: order.index(table.state))))


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
