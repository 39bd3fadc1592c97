"""dbt's project as Dagster and the `crm` command see it."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from dagster_project.dbt_process import DbtProcess
from dbt_models import PROJECT_DIR, Deployment, WarehouseError
from ingest.contracts.sources import active_sources, read_sources
from ingest.currencies import exchange_rates

PROJECT_NAME = "crm_warehouse"


class DbtFailedError(Exception):
    """A build of dbt's failed; ``build_failures`` says in what."""


def target_path(deployment: Deployment) -> Path:
    """Return where dbt keeps its manifest and compiled SQL."""
    return deployment.build / "dbt"


def results_path(deployment: Deployment) -> Path:
    """Return where dbt leaves what a build did.

    Not beside the manifest, of which a build writes another: a killed one would leave
    half of it, which the next run would take for the manifest.
    """
    return deployment.build / "dbt_results"


def variables(deployment: Deployment) -> str:
    """Return the parameters in force, as dbt's ``--vars`` takes them.

    ``sources`` tells the conformed models which source supplies which entity, in
    which currency, and what that is worth.
    """
    sources = active_sources(deployment)
    rates = exchange_rates(deployment, sources)
    facts = {
        source.name: {
            "entities": source.entities,
            "currency": source.currency,
            "exchange_rate": rates[source.name],
        }
        for source in sources
    }
    return json.dumps({**deployment.params, "sources": facts}, sort_keys=True)


def inactive_models(deployment: Deployment) -> str:
    """Return the dbt selector of models whose source is not active here."""
    active = {source.name for source in active_sources(deployment)}
    return " ".join(
        f"fqn:{PROJECT_NAME}.sources.{source.name}"
        for source in read_sources()
        if source.name not in active
    )


def start(
    deployment: Deployment, command: str, *options: str, target: Path
) -> DbtProcess:
    """Start a command of dbt, which leaves what it writes below ``target``."""
    return DbtProcess(
        [
            command,
            *("--project-dir", str(PROJECT_DIR), "--profiles-dir", str(PROJECT_DIR)),
            *("--target-path", str(target), "--log-path", str(target)),
            # What it says is in the run's log, its SQL below the target; megabytes of
            # how it came to both take a tenth of its time.
            *("--log-level-file", "none"),
            *("--vars", variables(deployment)),
            *options,
        ],
        # Seen from there, the build database of every deployment has one address. Of a
        # folder that was moved or copied, dbt would else parse all anew in every build.
        folder=deployment.data,
        environment={**os.environ, "CRM_DATA": "."},
    )


def prepare_manifest(deployment: Deployment) -> Path:
    """Return the path of a manifest that fits the project and the parameters.

    Raises
    ------
    WarehouseError
        If dbt cannot parse the project.
    """
    target = target_path(deployment)
    stamp = target / "parsed_from"
    state = _project_state(deployment)
    manifest = target / "manifest.json"
    if manifest.exists() and stamp.exists() and stamp.read_text() == state:
        return manifest
    target.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    with start(deployment, "parse", "--quiet", target=target) as parsing:
        said = parsing.stdout.read().decode()
        if parsing.wait() != 0:
            raise WarehouseError(f"dbt cannot parse the project:\n{said}")
    stamp.write_text(state)
    return manifest


def read_manifest(deployment: Deployment) -> dict[str, Any]:
    """Return the manifest that was prepared last."""
    return json.loads((target_path(deployment) / "manifest.json").read_text())


def _project_state(deployment: Deployment) -> str:
    digest = hashlib.sha256(variables(deployment).encode())
    for path in sorted(PROJECT_DIR.rglob("*")):
        if path.suffix in {".sql", ".yml", ".csv", ".md"}:
            digest.update(str(path.relative_to(PROJECT_DIR)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()
