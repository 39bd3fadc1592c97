"""Parquet files, counted by their own metadata and scanned by DuckDB."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from dbt_models import WarehouseError
from ingest.sql import files, identifier


def columns(path: Path) -> list[str]:
    """Return the file's top-level columns."""
    return _metadata(path).schema.to_arrow_schema().names


def count_rows(path: Path) -> int:
    """Return the rows that the file's metadata state."""
    return _metadata(path).num_rows


def scan(paths: Sequence[Path], types: Mapping[str, str]) -> str:
    """Return the table expression that reads the files and casts to the types."""
    casts = ", ".join(
        f"cast({identifier(name)} as {data_type}) as {identifier(name)}"
        for name, data_type in types.items()
    )
    return f"(select {casts}, file_index from read_parquet({files(paths)}))"


def _metadata(path: Path):  # noqa: ANN202 - pyarrow's, imported late
    # A tenth of a second that a run without Parquet exports does not pay.
    import pyarrow
    from pyarrow import parquet

    try:
        return parquet.read_metadata(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise WarehouseError(
            "it is not what its name says, or damaged: it is not a Parquet file"
        ) from error
