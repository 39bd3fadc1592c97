"""What a run shows while it works: a line per table, check and failure."""

import logging
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import click
import dagster as dg
from dagster import DagsterEvent, DagsterEventType

from dagster_project.measures import DURATION
from dbt_models import WarehouseError

_LOGGER = "crm.progress"


@dg.logger(description="Hands a run's events to the `crm` command.")
def progress_logger(_: dg.InitLoggerContext) -> logging.Logger:
    """Return the logger that ``Progress`` listens to."""
    logger = logging.getLogger(_LOGGER)
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    return logger


class Progress(logging.Handler):
    """Prints Dagster's events as they come, and adds up how long steps took.

    Attributes
    ----------
    seconds
        Stage to seconds: raw tables, expectations, dbt and publication.
    failures
        A sentence per failed step or check.
    tests
        Checks that passed.
    dbt_failed
        Whether a model or test of dbt failed; its own results say which.
    """

    def __init__(self, debug: bool = False):
        super().__init__(level=logging.DEBUG)
        self.seconds: dict[str, float] = defaultdict(float)
        self.failures: list[str] = []
        self.tests = 0
        self.dbt_failed = False
        self._debug = debug
        self._began = time.monotonic()
        # dbt writes its own log to standard output, which a run sends elsewhere.
        self._out = sys.stdout

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Receive the events of runs that use the logger ``progress``."""
        logger = logging.getLogger(_LOGGER)
        logger.addHandler(self)
        try:
            yield
        finally:
            logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Show the event behind a log record, if there is one to show."""
        event: DagsterEvent | None = record.dagster_meta.get("dagster_event")
        if event is None:
            return
        if event.event_type == DagsterEventType.ASSET_MATERIALIZATION:
            self._show_table(event)
        elif event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION:
            self._show_check(event)
        elif event.event_type == DagsterEventType.STEP_SUCCESS:
            stage = _stage(event.step_key)
            self.seconds[stage] += event.step_success_data.duration_ms / 1000
        elif event.event_type == DagsterEventType.STEP_FAILURE:
            self._note_failure(event.step_failure_data.error)
        elif event.event_type == DagsterEventType.PIPELINE_FAILURE:
            failure = event.job_failure_data
            if failure.error and not self.failures:
                self._note_failure(failure.error)

    def _show_table(self, event: DagsterEvent) -> None:
        materialization = event.step_materialization_data.materialization
        facts = {name: value.value for name, value in materialization.metadata.items()}
        text = ""
        if "new_rows" in facts:
            text = f"{facts['new_rows']:>12,} new rows in {facts['new_files']:,} files"
        elif DURATION in facts:
            text = f"{facts[DURATION]:12.1f} s"
        self._line(materialization.asset_key, text)

    def _show_check(self, event: DagsterEvent) -> None:
        check = event.asset_check_evaluation_data
        if check.check_name == "delivery":
            if not check.passed:
                self._line(check.asset_key, click.style("refused", fg="yellow"))
            return
        if check.passed:
            self.tests += 1
            if check.check_name != "great_expectations":
                return
        stops = not check.passed and check.severity == dg.AssetCheckSeverity.ERROR
        mark = "ok" if check.passed else click.style("to look at", fg="yellow")
        if stops:
            mark = click.style("FAILED", fg="red")
        text = f"{check.check_name}: {mark}. {check.description or ''}"
        self._line(check.asset_key, text)
        # A test of dbt has no description; dbt's own results say it.
        if stops and check.description:
            self.failures.append(
                f"{check.asset_key.to_user_string()}: {check.description}"
            )

    def _note_failure(self, error) -> None:  # noqa: ANN001 - Dagster's serialized error
        if self._debug:
            click.echo(error.to_string(), err=True)
        chain = [error]
        while chain[-1].cause is not None:
            chain.append(chain[-1].cause)
        kinds = [WarehouseError, *WarehouseError.__subclasses__()]
        names = {kind.__name__ for kind in kinds}
        ours = [cause for cause in chain if cause.cls_name in names]
        name, _, message = (ours or chain[-1:])[0].message.strip().partition(": ")
        if name.endswith("AssetCheckFailedError"):
            return  # the check has said it already
        if name.endswith("DbtFailedError"):
            self.dbt_failed = True
            return  # dbt's own results say it better
        if name.endswith("DagsterExecutionInterruptedError"):
            message = ours = "it was interrupted."
        self.failures.append(message if ours else f"{name}: {message}")

    def _line(self, key: dg.AssetKey, text: str) -> None:
        elapsed = time.monotonic() - self._began
        click.echo(
            f"{elapsed:6.1f} s  {'.'.join(key.path):48} {text}".rstrip(), file=self._out
        )


def _stage(step_key: str) -> str:
    if step_key.endswith("great_expectations"):
        return "expectations"
    # Two steps of it, before and after the learned tables.
    if step_key.startswith("dbt_models"):
        return "dbt: build and test"
    if step_key.startswith(("models__", "learned__")):
        return "learn"
    if step_key == "published__warehouse":
        return "publish"
    return "ingest"
