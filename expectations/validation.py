"""Running a suite on a table of the build database, in place."""

import importlib
import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dbt_models import Deployment

# Nothing about a run leaves this machine; read by GX when it is imported.
os.environ["GX_ANALYTICS_ENABLED"] = "false"


@dataclass(frozen=True)
class Result:
    """Whether one expectation on one table was met, and what was seen."""

    table_name: str
    expectation: str
    column_name: str | None
    is_met: bool
    observed: str | None


def has_suite(layer: str, name: str) -> bool:
    """Say whether ``expectations/<layer>/<name>.py`` exists."""
    return importlib.util.find_spec(f"expectations.{layer}.{name}") is not None


def validate(
    deployment: Deployment, layer: str, name: str, schema: str, table: str
) -> list[Result]:
    """Run the suite ``expectations/<layer>/<name>.py`` on ``schema.table``.

    The build database is opened read-only; nothing else may hold it open for
    writing.
    """
    # Four seconds that a run without new input does not pay.
    import great_expectations

    _let_duckdb_connections_live()
    suite = importlib.import_module(f"expectations.{layer}.{name}").suite()
    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_sql(
        name="build",
        connection_string=f"duckdb:///{deployment.build_database}",
        create_temp_table=False,
        kwargs={"connect_args": {"read_only": True}},
    )
    asset = source.add_table_asset(name=table, table_name=table, schema_name=schema)
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    expectations = great_expectations.ExpectationSuite(name=name, expectations=suite)
    validation = batch.validate(expectations)
    _close(source)
    return [_result(f"{schema}.{table}", outcome) for outcome in validation.results]


def failures(results: Sequence[Result]) -> list[str]:
    """Return a sentence for each expectation that was not met."""
    return [
        f"{result.table_name}"
        f"{'.' + result.column_name if result.column_name else ''}: "
        f"{result.expectation} is not met ({result.observed})"
        for result in results
        if not result.is_met
    ]


def _result(table: str, outcome: Any) -> Result:
    if not outcome.result:
        raise RuntimeError(f"{table}: GX could not check: {outcome.exception_info}")
    settings = dict(outcome.expectation_config.kwargs)
    settings.pop("batch_id", None)
    column = settings.pop("column", None)
    bounds = ", ".join(f"{key} {value}" for key, value in sorted(settings.items()))
    kind = outcome.expectation_config.type.removeprefix("expect_")
    seen = ("observed_value", "unexpected_count", "unexpected_percent")
    observed = {key: outcome.result[key] for key in seen if key in outcome.result}
    return Result(
        table_name=table,
        expectation=f"{kind} ({bounds})" if bounds else kind,
        column_name=column,
        is_met=bool(outcome.success),
        observed=", ".join(f"{key} {value}" for key, value in observed.items()),
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
