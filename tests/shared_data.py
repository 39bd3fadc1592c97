"""Real data that a developer may have beside the project; none of it is part of it."""

from pathlib import Path

import pytest

from tests.conftest import Crm

_SHARED = Path(__file__).parents[2] / "shared" / "data"


def needs(source: str) -> pytest.MarkDecorator:
    """Skip a test where the folder of a source's data is not there."""
    folder = _SHARED / source
    return pytest.mark.skipif(
        not folder.is_dir(), reason=f"the data of {source} are not beside the project"
    )


def run_alone(source: str, data: Path, crm: Crm) -> Path:
    """Publish a deployment that has nothing but a source, and return its folder."""
    deliver(source, data)
    outcome = crm(data, "run")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return data


def deliver(source: str, data: Path) -> list[Path]:
    """Show a source's files, as they were given, below ``data``, and return them."""
    folder = data / "exports" / source
    folder.mkdir(parents=True)
    files = sorted((_SHARED / source).iterdir())
    for file in files:
        (folder / file.name).symlink_to(file)
    return files
