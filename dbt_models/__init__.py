"""Paths and parameters: the only Python that knows where things are.

A deployment is one folder, named by ``CRM_DATA`` (default: ``data`` beside the
code). Everything a run reads or writes is under it.
"""

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import yaml

PROJECT_DIR = Path(__file__).resolve().parent
SOURCES_DIR = PROJECT_DIR / "models" / "sources"
CODE_DIR = PROJECT_DIR.parent
# Names that nobody reads to the end.
_MANY = 100


class WarehouseError(Exception):
    """What went wrong, where, and what to do, in sentences for the user."""


@dataclass(frozen=True)
class Deployment:
    """One data folder and the parameters in force there.

    Parameters
    ----------
    data
        Absolute path of the deployment's folder.
    params
        The business parameters: ``vars`` of ``dbt_project.yml``, overridden by the
        folder's ``settings.yml``.
    switches
        Sources that ``settings.yml`` turns on or off, whatever files are there.
    """

    data: Path
    params: Mapping[str, Any]
    switches: Mapping[str, bool]

    @property
    def exports(self) -> Path:
        """Where operational systems drop their files, one folder per source."""
        return self.data / "exports"

    @property
    def raw(self) -> Path:
        """Immutable Parquet: ``raw/<source>/<table>/<load>/``."""
        return self.data / "raw"

    @property
    def restricted(self) -> Path:
        """Personal data: never published."""
        return self.data / "restricted"

    @property
    def models(self) -> Path:
        """Trained models, one folder per version, with their cards."""
        return self.data / "models"

    @property
    def lists(self) -> Path:
        """Segments that marketing takes away, and the ledger of who took which."""
        return self.data / "lists"

    @property
    def build(self) -> Path:
        """Everything that a run can make again."""
        return self.data / "build"

    @property
    def build_database(self) -> Path:
        """The pipeline's own database; nobody else opens it."""
        return self.build / "warehouse.duckdb"

    @property
    def published(self) -> Path:
        """The folder that readers open."""
        return self.data / "published"

    @property
    def published_database(self) -> Path:
        """The read-only database of the last complete run."""
        # The same base name as the build: views carry the catalog's name.
        return self.published / self.build_database.name

    @property
    def dagster_home(self) -> Path:
        """Dagster's run history."""
        return self.data / "dagster"


def load_deployment(data: Path | None = None) -> Deployment:
    """Read the deployment that ``CRM_DATA`` names.

    Raises
    ------
    WarehouseError
        If ``settings.yml`` is not YAML, or has an unknown key or a wrong value, or no
        deployment can be in this folder.
    """
    if data is None:
        data = Path(os.environ.get("CRM_DATA") or CODE_DIR / "data")
    data = data.expanduser().absolute()
    if set("%?#").intersection(str(data)):
        raise WarehouseError(
            f"the folder {data} cannot hold a deployment: %, ? and # in its path mean "
            "something else in the addresses of databases. Set CRM_DATA to another."
        )
    defaults = yaml.safe_load((PROJECT_DIR / "dbt_project.yml").read_text())["vars"]
    settings = _read_settings(data / "settings.yml")
    switches = settings.pop("sources", {})
    known_sources = sorted(path.name for path in SOURCES_DIR.iterdir() if path.is_dir())
    where = data / "settings.yml"
    if not isinstance(switches, dict):
        raise WarehouseError(f"{where}: 'sources' must map source names to true/false.")
    for name, switch in switches.items():
        _require_known(name, known_sources, f"{where}: sources", "source")
        if not isinstance(switch, bool):
            raise WarehouseError(f"{where}: sources: {name} must be true or false.")
    for name, value in settings.items():
        _require_known(name, [*defaults, "sources"], str(where), "setting")
        _check_value(name, value, defaults[name], where)
    return Deployment(data, {**defaults, **settings}, switches)


@cache
def time_zones() -> frozenset[str]:
    """Return the names of zones that mean the same on every machine."""
    # DuckDB does not know the machine's own zone by this name, nor should it.
    return frozenset(available_timezones() - {"localtime"})


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a sentence that offers the known name most like ``name``."""
    found = {other.lower(): other for other in known}
    close = difflib.get_close_matches(name.lower(), found, n=1, cutoff=0.5)
    if close:
        return f"Did you mean '{found[close[0]]}'?"
    if len(known) > _MANY:
        return f"None of the {len(known)} known names is like it."
    return f"Known: {', '.join(known)}."


def _read_settings(path: Path) -> dict[str, Any]:
    if not path.exists() and not path.is_symlink():
        return {}
    try:
        settings = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WarehouseError(f"{path} cannot be read as YAML: {error}") from error
    if settings is None:
        return {}
    if not isinstance(settings, dict):
        raise WarehouseError(f"{path} must be a list of 'name: value' lines.")
    return settings


def _require_known(name: Any, known: list[str], where: str, kind: str) -> None:
    if name not in known:
        raise WarehouseError(
            f"{where}: unknown {kind} '{name}'. {nearest(str(name), known)}"
        )


def _check_value(name: str, value: Any, default: Any, where: Path) -> None:
    def refuse(expected: str) -> WarehouseError:
        return WarehouseError(
            f"{where}: {name} must be {expected}, not {value!r} (default: {default!r})."
        )

    if name == "timezone":
        if not isinstance(value, str) or value not in time_zones():
            raise refuse("a time zone such as Europe/Berlin")
    elif name == "base_currency":
        if value is not None and not _is_currency(value):
            raise refuse("a three-letter currency code such as EUR")
    elif name == "exchange_rates":
        if not isinstance(value, dict) or not all(
            _is_currency(code) and _is_rate(rate) for code, rate in value.items()
        ):
            raise refuse(
                "currency codes with rates from 0.000001 to 1,000,000, of at most six "
                "decimals, such as "
                "{GBP: 1.29}"
            )
    elif name == "accepted_snapshots":
        if not isinstance(value, list) or not all(map(_is_count, value)):
            raise refuse("a list of numbers of loads, such as [12, 31]")
    elif isinstance(default, int) and not _is_count(value):
        raise refuse("a whole number above 0")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_currency(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[A-Z]{3}", value) is not None


def _is_rate(value: Any) -> bool:
    # Rates have six decimals in the models; yes and no are numbers to Python.
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0.000_001 <= value <= 1_000_000 and round(value, 6) == value
