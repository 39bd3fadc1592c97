"""Running a table's expectations on the build database, in place."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbt_models import Deployment, WarehouseError
from expectations.suite import Suite
from expectations.words import expected, seen, technical

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

# Nothing about a run leaves this machine; read by GX when it is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "false"


@dataclass(frozen=True)
class Result:
    """Whether one expectation on one table was met, and what was seen.

    Attributes
    ----------
    expectation
        Its kind and arguments, as GX calls them.
    is_met
        None if it could not be checked; ``observed`` then says why.
    description
        What is expected, in words.
    defined_in
        The file or parameter that says so.
    is_blocking
        Whether a run stops where it is not met.
    """

    table_name: str
    expectation: str
    column_name: str | None
    is_met: bool | None
    observed: str
    description: str
    defined_in: str
    is_blocking: bool

    @property
    def sentence(self) -> str:
        """What was expected, and what was seen instead."""
        return f"{self.description}: not met, {self.observed} [{self.expectation}]"


def validate(deployment: Deployment, suite: Suite) -> list[Result]:
    """Check what is expected of a table.

    The build database is opened read-only; nothing else may hold it open for writing.

    Raises
    ------
    WarehouseError
        If an expectation cannot be checked at all.
    """
    asked = [each for each in suite.expectations if "unchecked" not in each.meta]
    outcomes = _run(deployment, suite, asked).results if asked else []
    return [
        *(_result(suite, each.expectation_config, each) for each in outcomes),
        *(
            _result(suite, each.configuration, None)
            for each in suite.expectations
            if "unchecked" in each.meta
        ),
    ]


def _run(deployment: Deployment, suite: Suite, asked: Sequence["Expectation"]) -> Any:
    import great_expectations

    _let_duckdb_connections_live()
    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_sql(
        name="build",
        connection_string=f"duckdb:///{deployment.build_database}",
        create_temp_table=False,
        kwargs={"connect_args": {"read_only": True}},
    )
    try:
        asset = source.add_table_asset(
            name=suite.table, table_name=suite.table, schema_name=suite.schema
        )
        batch = asset.add_batch_definition_whole_table("all").get_batch()
        if suite.last_run is not None:
            _attach(suite.last_run, source)
        expectations = great_expectations.ExpectationSuite(
            suite.table, expectations=asked
        )
        return batch.validate(expectations)
    finally:
        _close(source)


def _attach(last_run: Path, source: Any) -> None:
    """Let queries see the last run."""
    quoted = str(last_run).replace("'", "''")
    with source.get_execution_engine().get_connection() as connection:
        connection.exec_driver_sql(f"attach '{quoted}' as last_run (read_only)")
        # What GX rolls back later would take it away.
        connection.commit()


def _result(suite: Suite, configuration: Any, outcome: Any | None) -> Result:
    """Translate what GX says; ``outcome`` is None where it was not asked."""
    settings = dict(configuration.kwargs)
    settings.pop("batch_id", None)
    column = settings.get("column")
    kind = configuration.type.removeprefix("expect_")
    stated = configuration.meta["defined_in"]
    observed = configuration.meta.get("unchecked")
    if outcome is not None:
        if not outcome.result:
            raise WarehouseError(
                f"{suite.full_name}: {kind} on {column or 'the table'} cannot be "
                f"checked: {_reason(outcome.exception_info)} Mend {stated} and run "
                "again."
            )
        observed = seen(kind, outcome.result)
        if column in suite.personal and "observed_value" in outcome.result:
            observed = "not shown: personal data"
    return Result(
        table_name=suite.full_name,
        expectation=technical(kind, settings),
        column_name=column,
        is_met=None if outcome is None else bool(outcome.success),
        observed=observed,
        description=configuration.description or expected(kind, settings),
        defined_in=stated,
        is_blocking=configuration.severity == "critical",
    )


def _reason(exception_info: Mapping[str, Any]) -> str:
    if "exception_message" in exception_info:
        return str(exception_info["exception_message"])
    # One for each figure that GX needed.
    return " ".join(
        sorted({str(info["exception_message"]) for info in exception_info.values()})
    )


def _close(source: Any) -> None:
    """Close all that GX holds open: DuckDB has one writer, and it comes next."""
    execution = source.get_execution_engine()
    with execution.get_connection() as connection:
        connection.close()
    execution.engine.dispose()
    source.get_engine().dispose()


class _Dialect(str):
    """A dialect's name, with the ``value`` that GX's own enumeration has."""

    @property
    def value(self) -> str:
        return str(self)


def _let_duckdb_connections_live() -> None:
    # GX closes the connection before it reads a result, unless the dialect is in
    # this list, which knows SQLite and SQL Server only.
    from great_expectations.execution_engine import (
        sqlalchemy_execution_engine as engine,
    )

    dialects = engine._PERSISTED_CONNECTION_DIALECTS
    if "duckdb" not in dialects:
        engine._PERSISTED_CONNECTION_DIALECTS = (*dialects, _Dialect("duckdb"))
