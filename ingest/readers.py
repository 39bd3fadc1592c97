"""Which reader reads which export file.

A reader is a module with five functions.

``columns(path)``
    the file's columns, and the types that they are stored as;
``count_rows(path)``
    its rows, counted without the engines that load them;
``stream(paths, types)``
    the rows of files of the same columns as the contract's types, by an engine that
    changes no value, but fails where it would have to; None: the scan is as fast;
``scan(paths, types)``
    the SQL that reads them as they are stored; both add ``file_index``, the place of
    the row's file among them;
``sift(path, types, checks, folder)``
    the slow way for a file with broken rows: it parts them from the others.

All raise WarehouseError with what is wrong, without the file's name: the caller knows
it.
"""

from pathlib import Path
from types import ModuleType

from dbt_models import WarehouseError
from ingest import csv_files, parquet_files

_READERS: dict[str, ModuleType] = {
    ".csv": csv_files,
    ".csv.gz": csv_files,
    ".parquet": parquet_files,
}


def reader_for(path: Path) -> ModuleType:
    """Return the reader for the file's ending.

    Raises
    ------
    WarehouseError
        If no reader knows the ending, or the file is empty.
    """
    for ending, reader in _READERS.items():
        if path.name.lower().endswith(ending):
            if path.stat().st_size == 0:
                raise WarehouseError("it is empty (0 bytes); export it again")
            return reader
    raise WarehouseError(f"no reader knows its kind; known: {', '.join(_READERS)}")
