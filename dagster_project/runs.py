"""A run: everything from exports to publication, or nothing that readers see."""

import contextlib
import gc
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
import duckdb
import yaml

from dagster_project import dbt_process
from dagster_project.dbt import prepare_manifest
from dagster_project.dbt_failures import build_failures
from dagster_project.fingerprint import input_fingerprint
from dagster_project.lists.contacts import are_missing
from dagster_project.lock import run_lock
from dagster_project.publishing import publication_path
from dbt_models import Deployment, WarehouseError
from ingest.builds import Asked
from ingest.contracts.sources import active_sources, active_tables
from ingest.currencies import exchange_rates
from ingest.elsewhere.fetching import fetch_all
from ingest.ledger import read_loads
from ingest.sql import connect

if TYPE_CHECKING:
    import dagster as dg
    from dagster._core.instance.ref import InstanceRef


@dataclass(frozen=True)
class Outcome:
    """What a finished run did.

    Attributes
    ----------
    published
        The file that readers open.
    known_at
        Set if it shows an earlier state of knowledge.
    seconds
        Stage to seconds, in order; the last is the whole run.
    tests
        dbt tests and expectations that passed.
    """

    published: Path
    known_at: date | None
    seconds: dict[str, float]
    tests: int


def is_current(deployment: Deployment, asked: Asked) -> bool:
    """Say whether what is published was made from exactly this input."""
    published = publication_path(deployment, asked.known_at)
    # Somebody has opened it to write, and what he wrote is seen by all who read.
    if published.with_name(f"{published.name}.wal").exists():
        return False
    try:
        with connect(published, read_only=True) as connection:
            found = connection.execute(
                "select published_at, fingerprint, load_ids from ops.build_info"
            ).fetchone()
    except duckdb.Error:
        found = None
    if found is None:
        return False  # not there, or not to be read: a new one takes its place
    published_at, *made_from = found
    # Without them no list can be made; both come from one build.
    if asked.known_at is None and are_missing(deployment, published_at):
        return False
    tables = active_tables(deployment)
    loads = [x.load_id for x in read_loads(deployment.raw) if x.full_name in tables]
    return made_from == [input_fingerprint(deployment, asked), loads]


def fetch(deployment: Deployment, asked: Asked) -> None:
    """Fetch what is elsewhere, before it is known whether there is anything new."""
    if asked.known_at is None:
        with run_lock(deployment):
            fetch_all(deployment)


def require_input(deployment: Deployment, asked: Asked) -> None:
    """Raise if there is nothing to build from, or it cannot be added up.

    Raises
    ------
    WarehouseError
        If no active source has exports or landed rows, an exchange rate is missing, or
        it is asked for what will be known one day.
    """
    today = datetime.now(ZoneInfo(deployment.params["timezone"])).date()
    if asked.known_at and asked.known_at > today:
        raise WarehouseError(
            f"--known-at {asked.known_at} is in the future: nobody can say what will "
            f"be known then. Today is {today}."
        )
    sources = active_sources(deployment)
    exchange_rates(deployment, sources)
    if not sources:
        raise WarehouseError(
            f"no exports of a known source under {deployment.exports}. Put the files "
            "there (the README's 'add a source' says how), or try "
            "`crm demo complete-journey`."
        )


def prepare_dagster(deployment: Deployment) -> None:
    """Let Dagster in this process and its children work on the deployment."""
    home = deployment.dagster_home
    for folder in (home, deployment.build):
        folder.mkdir(parents=True, exist_ok=True)
    settings = {
        # It sends nothing to its makers, nor asks for an address to write to.
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
    }
    (home / "dagster.yaml").write_text(yaml.safe_dump(settings))
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["CRM_DATA"] = str(deployment.data)


def execute(deployment: Deployment, asked: Asked, debug: bool = False) -> Outcome:
    """Run the job ``refresh`` in this process, showing progress.

    Raises
    ------
    WarehouseError
        If any step or check failed; what was published before stays published.
    """
    began = time.monotonic()
    prepare_dagster(deployment)
    with run_lock(deployment):
        pass  # said before seconds of imports; the job takes it again
    click.echo("Reading contracts and models ...")
    job = _load_job(deployment)
    import dagster as dg

    from dagster_project.progress import Progress

    progress = Progress(debug)
    log = deployment.build / "run.log"
    prepared = time.monotonic()
    with (
        ThreadPoolExecutor(1) as aside,
        dg.DagsterInstance.from_ref(_instance(deployment)) as instance,
        log.open("w") as stream,
        progress.listening(),
        contextlib.redirect_stdout(stream),
    ):
        # Seconds of imports that models need, while dbt works in a process of its own.
        aside.submit(import_module, "skops.io")
        result = job.execute_in_process(
            instance=instance, raise_on_error=False, run_config=_run_config(asked)
        )
    finished = time.monotonic()
    if not result.success:
        problems = progress.failures
        if progress.dbt_failed:
            problems += build_failures(deployment)
        raise WarehouseError(
            "the run failed; nothing was published, what was published before stays.\n"
            + "\n".join(f"- {problem}" for problem in problems)
            + f"\nThe whole log: {log}"
        )
    stages = dict(progress.seconds)
    return Outcome(
        published=publication_path(deployment, asked.known_at),
        known_at=asked.known_at,
        seconds={
            "prepare (imports, contracts, manifest)": prepared - began,
            **stages,
            "orchestration": finished - prepared - sum(stages.values()),
            "total": finished - began,
        },
        tests=progress.tests,
    )


def _instance(deployment: Deployment) -> "InstanceRef":
    """Return Dagster's instance as one run in this process is served best.

    What is printed is in `run.log`; to keep it too, Dagster starts processes that print
    tracebacks of their own on Ctrl-C. Dagster's page goes on with the usual history: it
    sees what has changed by the files, which connections that stay open do not touch.
    """
    from dagster._core.instance.ref import InstanceRef

    home = str(deployment.dagster_home)
    return InstanceRef.from_dir(
        home,
        overrides={
            "compute_logs": {
                "module": "dagster._core.storage.noop_compute_log_manager",
                "class": "NoOpComputeLogManager",
            },
            "event_log_storage": {
                "module": "dagster_project.history",
                "class": "RunHistory",
                "config": {"base_dir": home},
            },
        },
    )


def _load_job(deployment: Deployment) -> "dg.JobDefinition":
    """Import all that a run needs, seconds that one without new input does not pay."""
    # dbt starts, and parses, in processes of its own while this one imports.
    dbt_process.begin_to_import()
    # What is imported stays: the collector of garbage need not look through it.
    gc.disable()
    with ThreadPoolExecutor(1) as pool:
        parsing = pool.submit(prepare_manifest, deployment)
        import dagster_dbt  # noqa: F401

        import expectations.contract  # noqa: F401
        from dagster_project.definitions import defs

        parsing.result()
    job = defs().resolve_job_def("refresh")
    gc.freeze()
    gc.enable()
    return job


def _run_config(asked: Asked) -> dict[str, object]:
    options = {name: value.isoformat() for name, value in vars(asked).items() if value}
    options["fetches"] = False
    return {
        "resources": {"options": {"config": options}},
        "loggers": {"progress": {}},
    }
