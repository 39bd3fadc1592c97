"""The shop that most tests of ingest export from, and its contracts."""

from pathlib import Path

import pytest

from ingest import contract_files
from tests.ingest.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path / "data")


@pytest.fixture
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder where contracts are looked for."""
    folder = tmp_path / "sources"
    folder.mkdir()
    monkeypatch.setattr(contract_files, "SOURCES_DIR", folder)
    return folder
