"""What assets show of themselves on Dagster's page: rows, money, seconds, grades."""

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage

from ingest.sql import connect

ROWS = "dagster/row_count"
# Seconds; the name that dagster-dbt gives to those of dbt's tables.
DURATION = "Execution Duration"
# What dbt's macro `measure` begins its lines with.
_MEASURED = "measured "
_GRADES = """
    select model_name, grade, verdict, measure, model_value, baseline_value
    from marts.model_grades order by model_name
"""


def seconds_since(began: float) -> dict[str, float]:
    """Return the fact that it took from ``began`` (monotonic) until now."""
    return {DURATION: round(time.monotonic() - began, 2)}


def dbt_events(lines: Iterable[bytes], **build: Any) -> Iterator[Any]:
    """Yield dbt's tables and tests the moment they are done, with rows and money.

    Dagster's own way to count rows holds all events back until dbt has ended, because
    only then it can open the database.

    Parameters
    ----------
    lines
        What dbt prints with ``--log-format json``; printed on as text.
    build
        What dagster-dbt has to know of the build to make events of messages.
    """
    measured: dict[str, dict[str, Any]] = {}
    for line in lines:
        try:
            raw_event = json.loads(line)
        except ValueError:  # not of its log: why it has come to an end
            print(line.decode(errors="replace"), end="")
            continue
        message = DbtCoreCliEventMessage(raw_event, event_history_metadata={})
        print(message)
        info = raw_event["info"]
        node = raw_event["data"].get("node_info", {}).get("unique_id")
        if info["name"] == "JinjaLogInfo" and info["msg"].startswith(_MEASURED):
            found = json.loads(info["msg"].removeprefix(_MEASURED))
            measured[node] = {ROWS: found.pop("rows")} | {
                column: float(amount) for column, amount in found.items()
            }
        for event in message.to_default_asset_events(**build):
            if isinstance(event, dg.Output):
                facts = {**event.metadata, **measured.get(node, {})}
                yield event.with_metadata(facts)
            else:
                yield event


def grades(build: Path) -> Iterator[dg.AssetObservation]:
    """Yield each model's grade, of the database that is about to be published.

    It is known only after the marts are built, long after the training.
    """
    with connect(build, read_only=True) as connection:
        rows = connection.execute(_GRADES).fetchall()
    for model, grade, verdict, measure, value, baseline in rows:
        facts = {
            "grade": grade,
            "verdict": verdict,
            measure: value,
            f"{measure} of the baseline": baseline,
        }
        known = {name: fact for name, fact in facts.items() if fact is not None}
        yield dg.AssetObservation(["models", model], metadata=known)
