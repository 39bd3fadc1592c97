"""One digest of everything a run reads: equal input, nothing to do."""

import hashlib
import json

from dbt_models import CODE_DIR, Deployment
from ingest.builds import Asked
from ingest.contracts.sources import active_sources
from ingest.elsewhere.fetching import failure
from ingest.exports import ExportCatalog
from ingest.rejects import RefusedDeliveryError

_CODE = ("dagster_project", "dbt_models", "expectations", "ingest", "ml")
_CODE_SUFFIXES = {".csv", ".md", ".py", ".sql", ".yml"}


def input_fingerprint(deployment: Deployment, asked: Asked) -> str:
    """Return the digest of exports, contracts, models, code, parameters and lock."""
    digest = hashlib.sha256(rules_fingerprint(deployment).encode())
    digest.update(repr(asked).encode())
    catalog = ExportCatalog(deployment)
    for source in active_sources(deployment):
        for table in source.tables:
            failed = failure(deployment, table)
            try:
                found = catalog.files(table)
            except RefusedDeliveryError as error:
                # Its table says so, and the others go on.
                found, failed = [], str(error)
            files = [(file.name, file.content_hash) for file in found]
            digest.update(json.dumps([table.full_name, files, failed]).encode())
    catalog.remember()
    return digest.hexdigest()


def rules_fingerprint(deployment: Deployment) -> str:
    """Return the digest of all that decides what is made of the exports."""
    digest = hashlib.sha256(code_fingerprint().encode())
    sources = [source.name for source in active_sources(deployment)]
    digest.update(repr((sources, sorted(deployment.params.items()))).encode())
    return digest.hexdigest()


def code_fingerprint() -> str:
    """Return the digest of the code, the models and the lock."""
    digest = hashlib.sha256((CODE_DIR / "requirements.lock").read_bytes())
    for folder in _CODE:
        for path in sorted((CODE_DIR / folder).rglob("*")):
            if path.suffix in _CODE_SUFFIXES:
                digest.update(str(path.relative_to(CODE_DIR)).encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()
