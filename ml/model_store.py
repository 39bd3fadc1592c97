"""Models on disk: one folder per version, with a card; never changed, never pickled.

``<models>/<name>/<version>/`` holds ``model.skops`` (which loads types that are named
here and no code), the tables that its training left as Parquet, ``card.json`` and the
same for people, ``card.md``.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import pandas as pd

from dbt_models import WarehouseError
from ml.card import written_card
from ml.frames import Model

# Parts of scikit-learn and scipy that skops does not count among the safe ones.
_TRUSTED = [
    "numpy.dtype",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",
    "scipy.interpolate._bsplines.BSpline",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
]


@dataclass(frozen=True)
class Card:
    """What is known of a trained model.

    Attributes
    ----------
    version
        Counts from 1.
    trained_at
        When (UTC, naive).
    as_of_date
        Up to where the run that trained it looked.
    digest
        Of what it was trained from; while it is equal, nothing is trained anew.
    facts
        The model's own.
    """

    name: str
    version: int
    trained_at: datetime
    as_of_date: date
    digest: str
    facts: dict[str, Any]


def cards(models: Path, name: str) -> list[Card]:
    """Return the cards of a model's versions, oldest first.

    Raises
    ------
    WarehouseError
        If one is damaged.
    """
    found = (_read_card(folder) for folder in (models / name).glob("[0-9]*"))
    return sorted(found, key=lambda card: card.version)


def version_folder(models: Path, name: str, version: int) -> Path:
    """Return the folder of a model's version."""
    return models / name / f"{version:04}"


def next_version(models: Path, name: str) -> int:
    """Return the number of a model's next version."""
    numbers = (int(path.name) for path in (models / name).glob("[0-9]*"))
    return max(numbers, default=0) + 1


def load(models: Path, card: Card) -> Model:
    """Read a model from disk.

    Raises
    ------
    WarehouseError
        If it is damaged, or holds types that are not trusted.
    """
    # Seconds, which a run spends while dbt works.
    import skops.io

    folder = version_folder(models, card.name, card.version)
    with _damage_is_said(folder):
        return Model(
            estimator=skops.io.load(folder / "model.skops", trusted=_TRUSTED),
            facts=card.facts,
            tables={
                path.stem: pd.read_parquet(path)
                for path in sorted(folder.glob("*.parquet"))
            },
        )


def save(models: Path, card: Card, model: Model) -> None:
    """Write a version: beside, then renamed, so that none is ever half there."""
    import skops.io

    folder = version_folder(models, card.name, card.version)
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    skops.io.dump(model.estimator, new / "model.skops")
    for name, table in model.tables.items():
        table.to_parquet(new / f"{name}.parquet", index=False)
    content = {
        **vars(card),
        "trained_at": card.trained_at.isoformat(),
        "as_of_date": card.as_of_date.isoformat(),
    }
    (new / "card.json").write_text(json.dumps(content, indent=2) + "\n")
    (new / "card.md").write_text(written_card(content, model.tables))
    for path in new.iterdir():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    new.rename(folder)


def _read_card(folder: Path) -> Card:
    with _damage_is_said(folder):
        content = json.loads((folder / "card.json").read_text())
        return Card(
            **{
                **content,
                "trained_at": datetime.fromisoformat(content["trained_at"]),
                "as_of_date": date.fromisoformat(content["as_of_date"]),
            }
        )


@contextmanager
def _damage_is_said(folder: Path) -> Iterator[None]:
    try:
        yield
    # A broken archive, JSON or Parquet file, or a type that skops does not trust.
    except (OSError, TypeError, ValueError, LookupError, BadZipFile) as error:
        raise WarehouseError(
            f"{folder}, a trained model, cannot be read ({error!r}). Put it back from "
            "a backup; or move the folder away, and the model is trained anew."
        ) from error
