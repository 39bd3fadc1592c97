"""`crm sources check`: what is open of the sources before a run can be trusted."""

from collections.abc import Iterator
from pathlib import Path

import click

from dagster_project.sources.marks import open_marks
from dbt_models import CODE_DIR, SOURCES_DIR, Deployment, WarehouseError, nearest
from ingest.contracts.sources import active_sources, read_source
from ingest.currencies import exchange_rates
from ingest.exports import unmatched_files


def check_sources(deployment: Deployment, name: str | None) -> bool:
    """Print what is open of one source, or of all; return whether nothing is.

    Raises
    ------
    WarehouseError
        If there is no such source.
    """
    names = sorted(path.name for path in SOURCES_DIR.iterdir() if path.is_dir())
    if name is not None and name not in names:
        raise WarehouseError(f"there is no source '{name}'. {nearest(name, names)}")
    found, has_marks = [], False
    for source in names if name is None else [name]:
        folder = SOURCES_DIR / source
        marks = [
            f"{mark.path.relative_to(CODE_DIR)}:{mark.line}: {mark.text}"
            for mark in open_marks(folder)
        ]
        # Of the sources that come with the project, those without exports are unused.
        is_used = bool(marks) or name is not None
        found += [*marks, *_hindrances(deployment, folder, is_used)]
        has_marks = has_marks or bool(marks)
    try:
        exchange_rates(deployment, active_sources(deployment))
    except WarehouseError as error:
        if str(error) not in found:
            found.append(str(error))
    for sentence in found:
        click.echo(sentence)
    what = f"source {name}" if name else "any source"
    if found:
        accepted = " A guess is accepted by taking its comment away."
        click.echo(f"\n{len(found)} open.{accepted if has_marks else ''}")
    else:
        click.echo(f"Nothing is open of {what}.")
    return not found


def _hindrances(deployment: Deployment, folder: Path, is_used: bool) -> Iterator[str]:
    """Yield a sentence for each thing that a run would refuse or lack."""
    try:
        source = read_source(folder)
    except WarehouseError as error:
        yield str(error)
        return
    # What a connection brings is fetched by the run itself.
    there = [
        table.connection is not None or any(deployment.exports.glob(table.export))
        for table in source.tables
    ]
    is_used = is_used or any(there)
    for table, is_there in zip(source.tables, there, strict=True):
        if is_used and not is_there and not table.optional:
            yield (
                f"{table.full_name}: no file matches "
                f"{deployment.exports}/{table.export}. Put its files there."
            )
    try:
        strays = unmatched_files(deployment)
    except WarehouseError:
        return  # another source's contract, which is said where it is checked
    for stray in strays:
        if stray.startswith(f"{folder.name}/"):
            yield (
                f"exports/{stray} matches no table of any contract and would be "
                "ignored. Mend `export` in the contract, or take the file away."
            )
