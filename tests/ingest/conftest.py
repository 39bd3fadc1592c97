"""The shop that most tests of ingest export from, databases, and guesses of files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.contracts import sources as contract_files
from ingest.inference.columns import ColumnGuess
from ingest.inference.tables import guess_tables
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


@pytest.fixture
def guess(tmp_path: Path):
    """Guess the one table of a file with this content."""

    def look(content: str | bytes, name: str = "orders.csv", day_first=True):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        (table,) = guess_tables([path], "shop", day_first)
        return table

    return look


@pytest.fixture
def column(guess):
    """Guess a column of these values, beside a number of its own for each row."""

    def look(values: list[str], name: str = "what", **options) -> ColumnGuess:
        rows = "".join(f"k{n};{value}\n" for n, value in enumerate(values))
        table = guess(f"id;{name}\n{rows}", **options)
        return table.columns.columns[1]

    return look
