"""The command group `crm lists`."""

import click

from dbt_models import load_deployment


@click.group(invoke_without_command=True)
@click.pass_context
def lists(context: click.Context) -> None:
    """Lists of customers for marketing: what there is, and files to take away."""
    if context.invoked_subcommand is None:
        context.invoke(show)


@lists.command()
@click.option("--exports", is_flag=True, help="Which lists were exported, by whom.")
def show(exports: bool = False) -> None:
    """Show which lists there are, how long, and how many may be contacted."""
    from dagster_project.lists.show import print_exports, print_segments

    (print_exports if exports else print_segments)(load_deployment())


@lists.command()
@click.argument("segment", nargs=-1, required=True)
def export(segment: tuple[str, ...]) -> None:
    """Write the customers of a SEGMENT as a CSV file below lists/.

    Those who may not be contacted are left out. SEGMENT is such as "At risk",
    at-risk or, if two kinds of list have one of that name, rfm/at-risk.
    """
    from dagster_project.lists.export import export_list

    export_list(load_deployment(), " ".join(segment))
