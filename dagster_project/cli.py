"""The `crm` command."""

import os
import sys
import traceback
from collections.abc import Sequence
from datetime import date, datetime

import click

from dagster_project.lists.commands import lists
from dagster_project.sources.commands import sources
from dbt_models import WarehouseError, load_deployment
from ingest.disk import is_disk_full


class _Commands(click.Group):
    """Turns an error into one message for the person who gets it."""

    def main(self, args: Sequence[str] | None = None, **extra: object) -> None:
        arguments = sys.argv[1:] if args is None else list(args)
        # Before or after the command: nobody remembers which.
        debug = "--debug" in arguments
        arguments = [argument for argument in arguments if argument != "--debug"]
        try:
            super().main(arguments, obj=debug, **extra)
        except Exception as error:
            # On a full disk anything may fail, in anybody's words.
            if not isinstance(error, (WarehouseError, OSError)) and not is_disk_full(
                error
            ):
                raise
            if debug:
                traceback.print_exc()
            click.secho("Error: ", fg="red", nl=False, err=True)
            click.echo(_message(error), err=True)
            sys.exit(1)


def _message(error: Exception) -> str:
    if is_disk_full(error):
        return (
            "the disk has no room left, or fails. What was published before is still "
            "there, whole; make room and run again."
        )
    if isinstance(error, WarehouseError) or not getattr(error, "filename", None):
        return str(error)
    return (
        f"{error.filename} cannot be used ({error.strerror}). Let this user read and "
        "write there, or set CRM_DATA to another folder."
    )


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    help="Show the traceback of an error; works with every command.",
)
def main() -> None:
    """An analytical CRM warehouse on this machine.

    The folder CRM_DATA (default: data/ beside the code) holds everything.
    """


@main.command()
@click.option("--as-of", "as_of", metavar="DATE", help="Look no later than this date.")
@click.option(
    "--known-at",
    "known_at",
    metavar="DATE",
    help="Show what was known by the end of this date, beside the publication.",
)
@click.pass_obj
def run(debug: bool, as_of: str | None, known_at: str | None) -> None:
    """Take in new exports, rebuild, test and publish.

    Ends with exit code 0; with 1 if nothing was published; with 3 if it was, but a
    table could not be refreshed, because what was delivered of it is not as its
    contract says.
    """
    from dagster_project import runs
    from dagster_project.publishing import publication_path
    from dagster_project.summary import print_refused, print_summary
    from ingest.builds import Asked

    asked = Asked(_date("--as-of", as_of), _date("--known-at", known_at))
    deployment = load_deployment()
    runs.require_input(deployment, asked)
    runs.fetch(deployment, asked)
    if runs.is_current(deployment, asked):
        click.echo("Nothing new: the publication is made from exactly this input.")
    else:
        print_summary(deployment, runs.execute(deployment, asked, debug))
    if print_refused(publication_path(deployment, asked.known_at)):
        sys.exit(3)


main.add_command(lists)
main.add_command(sources)


@main.group()
def demo() -> None:
    """Write demo exports, to try the warehouse on real data."""


@demo.command("complete-journey")
@click.option("--if-empty", is_flag=True, help="Only if there are no exports yet.")
@click.option(
    "--promotions", is_flag=True, help="Also the 20.9 million product placements."
)
def complete_journey(if_empty: bool, promotions: bool) -> None:
    """Write a year of a grocer's sales to 2,469 households."""
    from dagster_project.lock import run_lock
    from ingest.demos import complete_journey as demo_data

    deployment = load_deployment()
    if if_empty and demo_data.has_exports(deployment):
        return
    deployment.data.mkdir(parents=True, exist_ok=True)
    with run_lock(deployment):
        click.echo(f"Writing the demo exports to {deployment.exports} ...")
        files = demo_data.write_exports(deployment, promotions)
    size = sum(path.stat().st_size for path in files) / 1e6
    click.echo(f"{len(files)} files, {size:.0f} MB, as a grocer's systems drop them.")


@main.command()
@click.argument("query", required=False)
@click.option(
    "--known-at",
    "known_at",
    metavar="DATE",
    help="Query what `crm run --known-at DATE` published.",
)
def sql(query: str | None, known_at: str | None) -> None:
    """Run a QUERY on what is published, or open a prompt."""
    from dagster_project import prompt

    if query is not None and not query.strip():
        raise WarehouseError("the query is empty.")
    date_known = _date("--known-at", known_at)
    try:
        with prompt.open_published(load_deployment(), date_known) as connection:
            if query is None:
                prompt.loop(connection)
            else:
                prompt.answer(connection, query)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough, as `head` does. Python would flush once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@main.command()
@click.argument("table", required=False)
@click.option("--limit", default=20, show_default=True, help="Rows shown of a file.")
def rejects(table: str | None, limit: int) -> None:
    """List rows of the exports that break their contract and are not in.

    TABLE is a source's table, such as complete_journey.transactions; default: all.
    """
    from dagster_project.rejected import print_rejects

    print_rejects(load_deployment(), table, limit)


@main.command()
@click.argument("name")
def explain(name: str) -> None:
    """Say what a table, column or KPI is, from what it is made, when it was loaded.

    NAME is such as marts.customer_rfm.net_amount, customer_rfm or net_sales_amount.
    """
    from dagster_project.catalog.explain import print_explanation
    from dagster_project.prompt import open_published

    with open_published(load_deployment()) as connection:
        print_explanation(connection, name)


@main.command()
def catalog() -> None:
    """Write a page of all tables, columns, lineage and definitions, for a browser."""
    from dagster_project.catalog.page import write_page
    from dagster_project.prompt import open_published

    deployment = load_deployment()
    path = deployment.published / "catalog.html"
    with open_published(deployment) as connection:
        write_page(connection, path)
    click.echo(f"Open it in a browser: {path}")


@main.command()
def status() -> None:
    """Show what is published, how fresh it is, the last runs and any problems."""
    from dagster_project.status import print_status

    print_status(load_deployment())


@main.command()
@click.option(
    "--port",
    default=3000,
    show_default=True,
    type=click.IntRange(1, 65_535),
    help="Where on this machine.",
)
@click.option("--no-browser", is_flag=True, help="Only say where it is.")
def ui(port: int, no_browser: bool) -> None:
    """Open Dagster's page: runs, lineage, rows and money of every table, schedules.

    Only this machine can reach it, and it needs no network. Ctrl-C ends it.
    """
    from dagster_project.ui import show_page

    show_page(load_deployment(), port, browser=not no_browser)


@main.command()
def quality() -> None:
    """Show whether delivered and learned tables are as expected.

    It tells of the last run, also of one that failed, and writes the same as a page
    for a browser, build/quality.html, which needs no network. Ends with exit code 0
    if every table was checked and nothing is wrong, else with 1; a shift that is worth
    a look is said, and not wrong.
    """
    from dagster_project.quality import show_quality

    if not show_quality(load_deployment()):
        sys.exit(1)


def _date(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a date
    except ValueError as error:
        raise WarehouseError(
            f"{option} must be a date such as 2017-06-30, not '{text}'."
        ) from error
