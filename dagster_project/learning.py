"""Between the build database and `ml`: frames out, learned tables in, models kept."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from types import ModuleType
from typing import Any

import duckdb
import pandas as pd
import sklearn

from dagster_project.dbt import read_manifest
from dbt_models import CODE_DIR, Deployment
from ingest.builds import Asked
from ingest.ledger import now
from ingest.sql import connect, identifier, literal
from ml import churn, market_segments
from ml.frames import Model, NoModelError, Past, Read
from ml.model_store import Card, cards, load, next_version, save

MODELS: dict[str, ModuleType] = {"churn": churn, "market_segments": market_segments}


def train_model(
    deployment: Deployment, name: str, asked: Asked
) -> tuple[Card | None, dict[str, int]]:
    """Train a model, or take the one that was trained from the same, and note which.

    A run that looks back in time trains none: it takes the newest one that there was.

    Returns
    -------
    card
        None if there is no model; ``learned.<name>_model`` says why.
    rows
        Of each learned table that was written.
    """
    with connect(deployment.build_database, read_only=True) as connection:
        (as_of_date,) = connection.execute(
            "select as_of_date from conformed.int_as_of_date"
        ).fetchone()
    versions = cards(deployment.models, name)
    # A run that looked back has not taken over from those that looked farther.
    earlier = sorted(
        (card for card in versions if card.as_of_date <= as_of_date),
        key=lambda card: (card.as_of_date, card.version),
    )
    try:
        if asked.known_at is not None:
            card = _known(earlier, asked, deployment)
        else:
            card = _trained(deployment, name, as_of_date, earlier, versions)
    except NoModelError as error:
        return None, _note(deployment, name, None, None, str(error))
    return card, _note(deployment, name, card, load(deployment.models, card), None)


def _known(earlier: Sequence[Card], asked: Asked, deployment: Deployment) -> Card:
    """Return the newest model that there was at the time that the run looks back to."""
    until = asked.known_until(deployment)
    there = [card for card in earlier if card.trained_at <= until]
    if not there:
        raise NoModelError(
            f"no model had been trained by {asked.known_at}, and a run that looks back "
            "trains none."
        )
    return there[-1]


def _trained(
    deployment: Deployment,
    name: str,
    as_of_date: date,
    earlier: Sequence[Card],
    versions: Sequence[Card],
) -> Card:
    """Return the model that was trained from the same, else a new one."""
    module = MODELS[name].training
    frames = read_frames(deployment, module.READS)
    digest = _digest(frames, deployment.params)
    if same := [card for card in earlier if card.digest == digest]:
        return same[-1]
    past = Past(
        load_previous=partial(_newest, deployment, earlier),
        facts=[card.facts for card in versions],
    )
    model = module.train(frames, deployment.params, past)
    version = next_version(deployment.models, name)
    card = Card(name, version, now(), as_of_date, digest, dict(model.facts))
    save(deployment.models, card, model)
    return card


def _newest(deployment: Deployment, earlier: Sequence[Card]) -> Model | None:
    return load(deployment.models, earlier[-1]) if earlier else None


def score(deployment: Deployment, name: str) -> int:
    """Fill the model's scoring table and return the number of its rows."""
    module = MODELS[name].scoring
    with connect(deployment.build_database, read_only=True) as connection:
        (version,) = connection.execute(
            f"select model_version from learned.{identifier(f'{name}_model')}"
        ).fetchone()
    found = pd.DataFrame()
    if version is not None:
        (card,) = (c for c in cards(deployment.models, name) if c.version == version)
        frames = read_frames(deployment, module.READS)
        if all(len(frame) for frame in frames.values()):
            found = module.compute(frames, load(deployment.models, card))
    with connect(deployment.build_database) as connection:
        write_table(connection, deployment, module.TABLE, found)
    return len(found)


def read_frames(
    deployment: Deployment, reads: Mapping[str, Read]
) -> dict[str, pd.DataFrame]:
    """Return what a model reads; decimals become floats.

    Rows are ordered, for a model may depend on it, and queries give them in any order.
    """
    frames = {}
    with connect(deployment.build_database, read_only=True) as connection:
        for name, read in reads.items():
            limit = ""
            if read.customers is not None:
                # Keys are hashes: the first by key are customers at random.
                limit = f"limit {deployment.params[read.customers]}"
            columns = ", ".join(read.columns)
            frames[name] = connection.execute(
                f"""select {columns} from {read.table} where {read.where}
                order by all {limit}"""
            ).df()
    return frames


def write_table(
    connection: duckdb.DuckDBPyConnection,
    deployment: Deployment,
    table: str,
    rows: pd.DataFrame,
) -> None:
    """Create a learned table as dbt's source of that name says, and fill it."""
    spec = _source(deployment, table)
    name = f"learned.{identifier(table)}"
    columns = spec["columns"]
    types = [f"{column} {spec['data_type']}" for column, spec in columns.items()]
    connection.begin()
    connection.execute("create schema if not exists learned")
    connection.execute(f"create or replace table {name} ({', '.join(types)})")
    if len(rows):
        connection.register("found", rows)
        # A model of older code may not know all of today's columns.
        connection.execute(f"insert into {name} by name select * from found")
        connection.unregister("found")
    connection.execute(f"comment on table {name} is {_comment(spec)}")
    for column, column_spec in columns.items():
        connection.execute(
            f"comment on column {name}.{column} is {_comment(column_spec)}"
        )
    connection.commit()


def _note(
    deployment: Deployment,
    name: str,
    card: Card | None,
    model: Model | None,
    reason: str | None,
) -> dict[str, int]:
    known = {"untrained_reason": reason}
    if card is not None:
        known |= {**card.facts, "model_version": card.version}
        known |= {"trained_at": card.trained_at, "as_of_date": card.as_of_date}
    note = f"{name}_model"
    columns = _source(deployment, note)["columns"]
    tables = {note: pd.DataFrame([{column: known.get(column) for column in columns}])}
    for table in MODELS[name].training.WRITES:
        tables[table] = model.tables[table] if model else pd.DataFrame()
    with connect(deployment.build_database) as connection:
        for table, rows in tables.items():
            write_table(connection, deployment, table, rows)
    return {table: len(rows) for table, rows in tables.items()}


def _digest(frames: Mapping[str, pd.DataFrame], params: Mapping[str, Any]) -> str:
    """Return the digest of all that a model is trained from, its code included."""
    digest = hashlib.sha256(json.dumps(dict(params), sort_keys=True).encode())
    digest.update(sklearn.__version__.encode())
    for path in sorted((CODE_DIR / "ml").rglob("*.py")):
        digest.update(path.read_bytes())
    for name, frame in frames.items():
        digest.update(name.encode())
        digest.update(pd.util.hash_pandas_object(frame, index=False).to_numpy())
    return digest.hexdigest()


def _source(deployment: Deployment, table: str) -> dict[str, Any]:
    sources = read_manifest(deployment)["sources"].values()
    (found,) = (
        node
        for node in sources
        if node["schema"] == "learned" and node["name"] == table
    )
    return found


def _comment(spec: Mapping[str, Any]) -> str:
    return literal(" ".join(spec["description"].split()))
