"""The shop that most tests of ingest export from, its contracts, and databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.contracts import sources as contract_files
from tests.ingest.elsewhere import servers
from tests.ingest.elsewhere.servers import Server, Sqlite
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


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Server]:
    with servers.postgresql() as server:
        yield server


@pytest.fixture(scope="module")
def mariadb() -> Iterator[Server]:
    with servers.mariadb() as server:
        yield server


@pytest.fixture
def sqlite(tmp_path: Path) -> Sqlite:
    return Sqlite(tmp_path / "till.db")
