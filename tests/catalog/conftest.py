"""Copies of the published small grocer that a test may change."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dbt_models import load_deployment


@pytest.fixture
def changed(grocer: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a connection to a copy of the published file that can be written."""
    published = load_deployment(grocer).published_database
    path = Path(shutil.copy(published, tmp_path))
    os.chmod(path, 0o644)  # noqa: PTH101 - Path.chmod follows the same rule
    with duckdb.connect(path) as connection:
        yield connection
