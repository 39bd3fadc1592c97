"""`crm sources add`: looks at files and writes the folder of a new source."""

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

import click

from dagster_project.sources.contract_text import Setting, contract_text
from dagster_project.sources.entity_texts import entity_texts
from dagster_project.sources.marks import open_marks
from dagster_project.sources.staging_text import staging_text
from dagster_project.sources.trial import trial
from dbt_models import (
    CODE_DIR,
    SOURCES_DIR,
    Deployment,
    WarehouseError,
    nearest,
    time_zones,
)
from ingest.contracts.sources import read_source
from ingest.inference.entities import EntityGuess, best_mappings
from ingest.inference.names import places_of
from ingest.inference.tables import TableGuess, guess_tables


def add_source(
    deployment: Deployment,
    name: str,
    files: Sequence[Path],
    timezone: str | None,
    currency: str | None,
    copies: bool,
    overwrites: bool,
) -> None:
    """Write the source's folder, and say what was understood and what does not land.

    Raises
    ------
    WarehouseError
        If the name cannot be a source's, the folder is there already, or a file is no
        table; nothing is written then.
    """
    _check(name, timezone, currency)
    folder = SOURCES_DIR / name
    if folder.exists() and not overwrites:
        raise WarehouseError(
            f"{_shown(folder)} is there already, and nothing was changed. Choose "
            "another name, or let --force write its files anew."
        )
    paths = list(dict.fromkeys(path.expanduser().absolute() for path in files))
    zone = timezone or deployment.params["timezone"]
    tables = guess_tables(paths, name, day_first=not zone.startswith("America/"))
    mappings = best_mappings([m for table in tables for m in table.mappings])
    texts = _texts(deployment, name, tables, mappings, timezone, currency)
    _check_names(paths, deployment.exports / name if copies else None)
    folder.mkdir(exist_ok=True)
    for file_name, text in texts.items():
        (folder / file_name).write_text(text, encoding="utf-8")
    failures = trial(deployment, read_source(folder), paths)
    if copies:
        _copy(paths, deployment.exports / name)
    _say(deployment, name, tables, mappings, sorted(texts), paths, copies)
    for failure in failures:
        click.secho("\nDoes not land: ", fg="yellow", nl=False)
        click.echo(f"{failure} Mend the contract or the file before you run.")


def _check(name: str, timezone: str | None, currency: str | None) -> None:
    if not re.fullmatch("[a-z][a-z0-9_]*", name) or "__" in name:
        raise WarehouseError(
            f"'{name}' cannot be the name of a source: it must begin with a letter and "
            "have only small letters, digits and single underscores, such as web_shop."
        )
    if timezone is not None and timezone not in time_zones():
        raise WarehouseError(
            f"unknown time zone '{timezone}'. {nearest(timezone, sorted(time_zones()))}"
        )
    if currency is not None and not re.fullmatch("[A-Z]{3}", currency):
        raise WarehouseError(
            f"--currency must be a code of three letters such as EUR, not '{currency}'."
        )


def _check_names(paths: Sequence[Path], folder: Path | None) -> None:
    """Raise if files cannot lie in one folder, or not in this one."""
    named: dict[PurePath, Path] = {}
    for path, place in places_of(paths).items():
        other = named.setdefault(place, path)
        if other != path:
            raise WarehouseError(
                f"{other} and {path} have one name, and the files of a source lie in "
                "one folder or in folders of dates; nothing was written. Rename one of "
                "them."
            )
        target = folder / place if folder else path
        if target.exists() and target.read_bytes() != path.read_bytes():
            raise WarehouseError(
                f"{target} is there already and is another file; nothing was written. "
                "Take one of them away or rename it."
            )


def _texts(
    deployment: Deployment,
    name: str,
    tables: Sequence[TableGuess],
    mappings: Mapping[str, EntityGuess],
    timezone: str | None,
    currency: str | None,
) -> dict[str, str]:
    """Return the source's files: name to text."""
    zone = Setting(
        timezone or deployment.params["timezone"],
        None if timezone else "the deployment's; no file says which clocks it goes by",
    )
    said: dict[str, str] = {}
    for table in tables:
        for code in table.columns.currencies:
            said.setdefault(code, table.columns.currency_why)
    base = deployment.params["base_currency"]
    code = currency or next(iter(said), base or "EUR")
    doubts = []
    if not currency:
        doubts.append(
            f"by {said[code]}; a row in another would count as {code}"
            if code in said
            else "no file says it"
        )
    doubts += [
        f"some amounts are in {other}, by {why}, and would count as {code}"
        for other, why in said.items()
        if other != code
    ]
    contract = contract_text(
        name, zone, Setting(code, "; ".join(doubts) or None), tables, mappings
    )
    return {
        f"_{name}__sources.yml": contract,
        **{
            f"stg_{name}__{table.name}.sql": staging_text(name, table)
            for table in tables
        },
        **entity_texts(name, {table.name: table for table in tables}, mappings),
    }


def _copy(paths: Sequence[Path], folder: Path) -> None:
    for path, place in places_of(paths).items():
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copyfile(path, target)


def _say(
    deployment: Deployment,
    name: str,
    tables: Sequence[TableGuess],
    mappings: Mapping[str, EntityGuess],
    written: Sequence[str],
    paths: Sequence[Path],
    copies: bool,
) -> None:
    for table in tables:
        supplied = [
            entity
            if mappings[entity].table == table.name
            else f"no {entity} (they are made of {mappings[entity].table} only)"
            for entity in (mapping.entity for mapping in table.mappings)
        ]
        click.echo(
            f"{table.name}: {len(table.columns.columns)} columns, {table.looked_at}; "
            f"supplies {', '.join(supplied) or 'no entity that its names tell'}"
        )
    folder = SOURCES_DIR / name
    click.secho(f"\nWritten to {_shown(folder)}", bold=True)
    for file_name in written:
        click.echo(f"  {file_name}")
    marks = open_marks(folder)
    where = sorted({mark.path.name for mark in marks})
    click.secho("\nNext", bold=True)
    click.echo(
        f"  1. Look at the {len(marks)} guesses marked with 'review:' in "
        f"{', '.join(where)}: mend what is wrong, take the comments away."
    )
    exports = deployment.exports / name
    is_there = copies or all(
        path == exports / place for path, place in places_of(paths).items()
    )
    click.echo(f"  2. crm sources check {name}")
    if not is_there:
        click.echo(
            f"     It will ask for the files in {exports}/ (--copy puts them there)."
        )
    click.echo("  3. crm run")
    if "transactions" not in mappings:
        click.secho("\nNote: ", fg="yellow", nl=False)
        click.echo("no table looks like transactions:")
        for table in tables:
            lacks = " and ".join(table.lacks_of_sales) or "a table that is about sales"
            click.echo(f"  {table.name}: no column or name says {lacks}")
        click.echo(
            f"If one is, write int_{name}__transactions.sql and, for RFM, "
            f"int_{name}__customers.sql, and control_amount into the contract, as the "
            "README's recipe says."
        )


def _shown(path: Path) -> str:
    return path.relative_to(CODE_DIR).as_posix()
