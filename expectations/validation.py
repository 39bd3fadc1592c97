"""Running a table's expectations on the build database, in place."""

import importlib
import importlib.util
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbt_models import Deployment, WarehouseError
from expectations.promise import Promise
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
    is_met, observed
        None: nothing has been delivered that it could be checked on.
    description
        What is expected, in words.
    defined_in
        The file or parameter that says so.
    """

    table_name: str
    expectation: str
    column_name: str | None
    is_met: bool | None
    observed: str | None
    description: str
    defined_in: str

    @property
    def sentence(self) -> str:
        """What was expected, and what was seen instead."""
        return f"{self.description}: not met, {self.observed} [{self.expectation}]"


def validate(deployment: Deployment, promise: Promise, schema: str) -> list[Result]:
    """Check what a raw table promises and what its suite adds.

    The suite is ``expectations/raw/<source>__<table>.py``, if there is one. The build
    database is opened read-only; nothing else may hold it open for writing.

    Raises
    ------
    WarehouseError
        If an expectation cannot be checked at all.
    """
    expectations = _expectations(promise)
    name = f"{schema}.{promise.table}"
    if not promise.deliveries:
        return [
            _result(name, promise, each.configuration, None) for each in expectations
        ]
    validation = _run(deployment, schema, promise.table, expectations)
    return [
        _result(name, promise, outcome.expectation_config, outcome)
        for outcome in validation.results
    ]


def _expectations(promise: Promise) -> list["Expectation"]:
    # Four seconds that a run without new input does not pay.
    from expectations.contract import contract_suite

    expectations = contract_suite(promise)
    module = f"expectations.raw.{promise.source}__{promise.table}"
    if importlib.util.find_spec(module):
        added = importlib.import_module(module).suite()
        for expectation in added:
            expectation.meta = {"defined_in": f"{module.replace('.', '/')}.py"}
        expectations += added
    return expectations


def _run(
    deployment: Deployment, schema: str, table: str, suite: Sequence["Expectation"]
) -> Any:
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
        asset = source.add_table_asset(name=table, table_name=table, schema_name=schema)
        batch = asset.add_batch_definition_whole_table("all").get_batch()
        expectations = great_expectations.ExpectationSuite(table, expectations=suite)
        return batch.validate(expectations)
    finally:
        _close(source)


def _result(
    table: str, promise: Promise, configuration: Any, outcome: Any | None
) -> Result:
    """Translate what GX says; ``outcome`` is None where it was not asked."""
    settings = dict(configuration.kwargs)
    settings.pop("batch_id", None)
    column = settings.get("column")
    kind = configuration.type.removeprefix("expect_")
    stated = configuration.meta["defined_in"]
    observed = None
    if outcome is not None:
        if not outcome.result:
            raise WarehouseError(
                f"{table}: {kind} on {column or 'the table'} cannot be checked: "
                f"{_reason(outcome.exception_info)} Mend {stated} and run again."
            )
        observed = seen(kind, outcome.result)
        if column in promise.personal and "observed_value" in outcome.result:
            observed = "not shown: personal data"
    return Result(
        table_name=table,
        expectation=technical(kind, settings),
        column_name=column,
        is_met=None if outcome is None else bool(outcome.success),
        observed=observed,
        description=configuration.description or expected(kind, settings),
        defined_in=stated,
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
