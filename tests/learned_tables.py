"""Learned tables in a build and in a publication, made without a model."""

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from dbt_models import Deployment
from dbt_models.ops import create_ops_tables

AS_OF = date(2026, 3, 31)
SEGMENTS = {1: 40, 2: 30, 3: 1}


def scores(count: int = 400, seed: int = 1, shift: float = 0.0) -> np.ndarray:
    """Return churn probabilities around 0.2; a shift moves their log-odds."""
    log_odds = np.random.default_rng(seed).normal(-1.6, 1, count) + shift
    return 1 / (1 + np.exp(-log_odds))


def write_build(
    deployment: Deployment,
    probabilities: np.ndarray,
    segments: dict[int, int] = SEGMENTS,
    as_of_date: date = AS_OF,
    known_at: date | None = None,
    untrained_reason: str | None = None,
) -> None:
    """Write what a run knows when it has learned; members are counted per segment."""
    deployment.build.mkdir(exist_ok=True)
    deployment.build_database.unlink(missing_ok=True)
    with duckdb.connect(deployment.build_database) as connection:
        create_ops_tables(connection)
        connection.execute(
            "insert into ops.run_parameters (known_at) values (?)", [known_at]
        )
        connection.execute("create schema conformed")
        connection.execute(
            "create table conformed.int_as_of_date as select ?::date as as_of_date",
            [as_of_date],
        )
        _write_learned(connection, probabilities, segments, as_of_date)
        version = None if untrained_reason else 1
        for name in ("churn", "market_segments"):
            connection.execute(
                f"""create table learned.{name}_model as select
                    ?::integer as model_version, 0.2::double as churn_rate,
                    ?::varchar as untrained_reason""",
                [version, untrained_reason],
            )


def write_published(
    deployment: Deployment,
    probabilities: np.ndarray,
    segments: dict[int, int] = SEGMENTS,
    as_of_date: date = AS_OF,
) -> Path:
    """Write what the last run published."""
    path = deployment.published_database
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(path) as connection:
        connection.execute("create schema ops")
        connection.execute(
            "create table ops.build_info as select ?::date as as_of_date", [as_of_date]
        )
        _write_learned(connection, probabilities, segments, as_of_date)
    return path


def _write_learned(
    connection: duckdb.DuckDBPyConnection,
    probabilities: np.ndarray,
    segments: dict[int, int],
    as_of_date: date,
) -> None:
    connection.execute("create schema learned")
    frame = pd.DataFrame({"churn_probability": probabilities, "as_of": as_of_date})
    connection.register("frame", frame)
    connection.execute(
        """create table learned.churn_scores as select
            row_number() over () as customer_key, as_of::date as as_of_date,
            churn_probability::double as churn_probability
        from frame"""
    )
    connection.execute(
        """create table learned.market_segment_names as select
            market_segment_id::integer as market_segment_id,
            'Segment ' || market_segment_id as market_segment,
            training_rows::bigint as training_rows
        from (select unnest(?) as market_segment_id, unnest(?) as training_rows)""",
        [list(SEGMENTS), list(SEGMENTS.values())],
    )
    connection.execute(
        """create table learned.market_segment_members as select
            row_number() over () as customer_key, ?::date as as_of_date,
            market_segment_id
        from (
            select unnest(?) as market_segment_id, unnest(?) as members
        ), range(members)""",
        [as_of_date, list(segments), list(segments.values())],
    )
