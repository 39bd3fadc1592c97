"""One random history of a deployment: each build that goes on, beside one from nothing.

It runs in a process of its own, on a copy of the project whose contracts it changes.
"""

import shutil
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from random import Random

from dagster_project.dbt import inactive_models, start
from dagster_project.fingerprint import rules_fingerprint
from dbt_models import Deployment, load_deployment
from ingest import builds
from ingest.builds import Asked, begin_change, open_build
from ingest.contracts.sources import active_sources, active_tables
from ingest.exports import ExportCatalog
from ingest.landing import land
from ingest.ledger import now
from ingest.raw import show_table
from ingest.rejects import RefusedDeliveryError
from ingest.sql import connect
from tests.fuzzed_builds.moves import Moves

# After so many builds that went on, a history has said enough; they are half of all.
COMPARED = 5
MOST_RUNS = 40
# With it everything that goes on, and everything that it is made of.
MODELS = "+customer_features"

Contents = dict[str, list[tuple]]


def main(project: Path, seed: int) -> None:
    """Live through the history of a seed, and end the process where builds differ."""
    random = Random(seed)
    # A clock that goes wrong, back as well as ahead; it is never the same moment twice.
    wrong = Random(seed)
    builds.now = lambda: now() + timedelta(days=wrong.randint(-9, 9))
    moves = Moves(project, random)
    for _ in range(10):
        say(moves.add())
    compared = 0
    for _ in range(MOST_RUNS):
        for _ in range(random.randint(2, 6)):
            say(moves.of_files())
        if random.random() < 0.3:
            say(moves.of_rules())
        deployment = load_deployment(project / "data")
        if random.random() < 0.3:
            stopped_run(deployment, random)
            say(moves.of_files())
            deployment = load_deployment(project / "data")
        day = date(2026, random.randint(1, 8), random.choice([1, 12, 28]))
        asked = Asked(as_of_date=random.choice([None, None, day]))
        goes_on = run(deployment, asked)
        how = "goes on" if goes_on else "begins with nothing"
        say(f"runs up to {asked.as_of_date}, and {how}")
        if goes_on:
            compare(deployment, project / "from_nothing", asked)
            compared += 1
        if compared == COMPARED:
            return
    sys.exit("Hardly a build has gone on.")


def say(what: str | None) -> None:
    if what is not None:
        print(what, flush=True)


def run(deployment: Deployment, asked: Asked) -> bool:
    """Do what of a run decides about features; return whether it went on."""
    begin(deployment, asked)
    take_in(deployment)
    transform(deployment)
    complete(deployment)
    with connect(deployment.build_database, read_only=True) as build:
        (built,) = build.execute(
            "select built_load_id from ops.run_parameters"
        ).fetchone()
    return built is not None


def stopped_run(deployment: Deployment, random: Random) -> None:
    """Leave behind what the next run must not take for a build to go on from."""
    how = random.choice(["after some tables", "in dbt", "looks back"])
    if how == "looks back":
        until = date(2026, random.randint(1, 7), 12)
        say(f"looks back to {until}")
        begin(deployment, Asked(known_at=until))
        show(deployment)
        transform(deployment)
        complete(deployment)
        return
    begin(deployment)
    if how == "after some tables":
        some = random.randint(1, 5)
        say(f"a run is stopped after {some} tables")
        take_in(deployment, some)
    else:
        lines = random.randint(8, 60)
        say(f"a run is killed after {lines} lines of dbt's")
        take_in(deployment)
        transform(deployment, killed_after=lines)


def begin(deployment: Deployment, asked: Asked | None = None) -> None:
    rules = rules_fingerprint(deployment)
    tables = active_tables(deployment)
    open_build(deployment, asked or Asked(), "fingerprint", rules, tables)


def take_in(deployment: Deployment, some: int | None = None) -> None:
    """Land and show the tables as their assets do; only the first, if it is said so."""
    tables = [t for source in active_sources(deployment) for t in source.tables]
    for table in tables[:some]:
        catalog = ExportCatalog(deployment)
        refusal = None
        try:
            land(table, deployment, catalog)
        except RefusedDeliveryError as error:
            refusal = str(error)
        catalog.remember()
        show_table(deployment, table, refusal)


def show(deployment: Deployment) -> None:
    """Show what is landed: a run that looks back takes nothing in."""
    for source in active_sources(deployment):
        for table in source.tables:
            show_table(deployment, table)


def transform(deployment: Deployment, killed_after: int | None = None) -> None:
    """Let dbt make the models, or kill it when it has said so many lines."""
    with connect(deployment.build_database) as build:
        begin_change(build)
    options = ["--select", MODELS]
    if inactive := inactive_models(deployment):
        options += ["--exclude", inactive]
    # One for all, or dbt would parse the same project twice.
    target = deployment.data.parent / "target"
    with start(deployment, "run", *options, target=target) as process:
        if killed_after is not None:
            for _ in zip(range(killed_after), process.stdout, strict=False):
                pass
            process._process.kill()
            return
        said = process.stdout.read().decode()
        if process.wait() != 0:
            sys.exit(said)


def complete(deployment: Deployment) -> None:
    """Mark the build as publishing does."""
    with connect(deployment.build_database) as build:
        build.execute(
            "insert into ops.build_info (load_ids) select list(load_id) from ops.loads"
        )


def compare(deployment: Deployment, other: Path, asked: Asked) -> None:
    """End the process unless a build from nothing has the same in every table."""
    shutil.rmtree(other, ignore_errors=True)
    other.mkdir()
    for name in ("exports", "raw"):
        (other / name).symlink_to(deployment.data / name)
    from_nothing = replace(deployment, data=other)
    begin(from_nothing, asked)
    show(from_nothing)
    transform(from_nothing)
    kept, made = contents(deployment), contents(from_nothing)
    assert "features.customer_features" in made
    differences = []
    for name in sorted(kept.keys() | made.keys()):
        rows, expected = kept.get(name, []), made.get(name, [])
        if rows != expected:
            differences += [f"{name}: {len(rows)} rows, {len(expected)} from nothing"]
            differences += [f"  only in it: {r}" for r in set(rows) - set(expected)]
            differences += [f"  missing: {r}" for r in set(expected) - set(rows)]
    if differences:
        sys.exit("\n".join(["The build that goes on differs:", *differences]))


def contents(deployment: Deployment) -> Contents:
    """Return the rows of all tables that models have made."""
    with connect(deployment.build_database, read_only=True) as build:
        tables = build.execute(
            """select table_schema || '.' || table_name
            from information_schema.tables
            where table_schema in ('staging', 'conformed', 'core', 'features')"""
        ).fetchall()
        return {
            table: build.execute(
                f"""select columns(
                    c -> not starts_with(c, '_loaded') and c <> 'began_at'
                )
                from {table} order by all"""
            ).fetchall()
            for (table,) in tables
        }
