"""Whether files land under the contract that was made of them."""

import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from dbt_models import Deployment, WarehouseError
from ingest.contracts import Source
from ingest.exports import ExportCatalog
from ingest.inference.names import places_of
from ingest.landing import land


def trial(deployment: Deployment, source: Source, paths: Sequence[Path]) -> list[str]:
    """Land the files in a deployment of their own, and return what goes wrong.

    Nothing of that stays.
    """
    deployment.build.mkdir(parents=True, exist_ok=True)
    # It holds what the files hold; only its owner may look into such a folder.
    with tempfile.TemporaryDirectory(dir=deployment.build, prefix="trial-") as folder:
        aside = replace(deployment, data=Path(folder))
        exports = aside.exports / source.name
        exports.mkdir(parents=True)
        for path, place in places_of(paths).items():
            link = exports / place
            link.parent.mkdir(parents=True, exist_ok=True)
            if not os.path.lexists(link):
                link.symlink_to(path)
        return list(_said(aside, source))


def _said(deployment: Deployment, source: Source) -> Iterator[str]:
    catalog = ExportCatalog(deployment)
    for table in source.tables:
        # How many rows break the contract is said, however many they are.
        lenient = replace(table, max_rejects=1)
        try:
            loads = land(lenient, deployment, catalog)
        except WarehouseError as error:
            yield f"{table.full_name}: {error}"
            continue
        files = [file for load in loads for file in load.files]
        refused = sum(file.rows_rejected for file in files)
        if refused:
            rows = sum(file.rows_read for file in files)
            why = Counter[str]()
            for count in (count for file in files for count in file.rejects):
                why[f"{count.column_name or 'row'}: {count.reason}"] += count.rows
            reasons = "; ".join(reason for reason, _ in why.most_common(5))
            yield (
                f"{table.full_name}: {refused:,} of {rows:,} rows do not keep the "
                f"contract and would be refused ({reasons})."
            )
