"""The command group `crm sources`."""

import sys
from pathlib import Path

import click

from dbt_models import load_deployment


@click.group()
def sources() -> None:
    """New sources from real files, and what is still open of them."""


@sources.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--name", required=True, help="What to call the source, such as web_shop."
)
@click.option("--timezone", metavar="ZONE", help="Its clocks', such as Europe/Berlin.")
@click.option("--currency", metavar="CODE", help="Of its amounts, such as EUR.")
@click.option("--copy", is_flag=True, help="Also copy the files to exports/<name>/.")
@click.option("--force", is_flag=True, help="Write the files of a source anew.")
def add(
    files: tuple[Path, ...],
    name: str,
    timezone: str | None,
    currency: str | None,
    copy: bool,
    force: bool,
) -> None:
    """Look at FILES and write the contract and the models of a source.

    FILES are CSV and other text, Excel, JSON or Parquet, packed or not; those whose
    names differ in dates and numbers only are one table, and so are files of one name
    in folders of dates, sheets of a workbook and files in a zip. They are read, never
    changed. What was guessed is marked for review.
    """
    from dagster_project.sources.add import add_source

    deployment = load_deployment()
    add_source(deployment, name, files, timezone, currency, copy, force)


@sources.command()
@click.argument("name", required=False)
def check(name: str | None) -> None:
    """List guesses that nobody has looked at, and what would make a run refuse.

    NAME is a source; default: all. Ends with exit code 1 if something is open, else
    with 0.
    """
    from dagster_project.sources.check import check_sources

    if not check_sources(load_deployment(), name):
        sys.exit(1)
