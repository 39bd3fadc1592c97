"""Zip archives, and the many ways in which a damaged one fails."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dbt_models import WarehouseError


@contextmanager
def opened_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive.

    Raises
    ------
    WarehouseError
        If its data are damaged, or wait for a password, also while they are read; in
        words without the file's name.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        KeyError,
        RuntimeError,
        ValueError,
    ) as error:
        raise WarehouseError(
            f"it cannot be unpacked ({error}); export it again"
        ) from error
