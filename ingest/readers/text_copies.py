"""Copies of files that are packed, or whose text is not UTF-8, as others can read."""

import codecs
import io
import re
import shutil
from pathlib import Path

from dbt_models import WarehouseError
from ingest.readers.text_files import opened, unpacked
from ingest.readers.zip_files import opened_zip

PACKED = (".gz", ".zst")

_CHUNK = 1 << 20
# Bytes that show how lines end.
_HEAD = 1 << 16
_QUOTED = re.compile(rb'"[^"]*(?:"|\Z)')
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def unpack(path: Path, target: Path) -> None:
    """Write what is inside a gzip or zstd file.

    Raises
    ------
    WarehouseError
        If its data are damaged.
    """
    with unpacked(path) as stream, target.open("wb") as copy:
        shutil.copyfileobj(stream, copy, _CHUNK)


def unzip(path: Path, member: str, target: Path) -> None:
    """Write a file of a zip archive.

    Raises
    ------
    WarehouseError
        If its data are damaged, or wait for a password.
    """
    with (
        opened_zip(path) as archive,
        archive.open(member) as stream,
        target.open("wb") as copy,
    ):
        shutil.copyfileobj(stream, copy, _CHUNK)


def encoding_of(path: Path, stated: str | None) -> str | None:
    """Return the encoding that has to be changed to UTF-8; None: it is UTF-8."""
    is_packed = path.name.lower().endswith(PACKED)
    with unpacked(path) if is_packed else path.open("rb") as stream:
        start = stream.read(3)
    # The mark is in the file, and so it is right.
    marked = (name for mark, name in _MARKS.items() if start.startswith(mark))
    found = next(marked, stated or "utf-8")
    name = codecs.lookup(found).name
    return None if name in {"ascii", "utf-8", "utf-8-sig"} else name


def ends_in_returns(path: Path) -> bool:
    """Return whether lines of text end in a carriage return alone, as on old Macs."""
    with opened(path) as stream:
        # The last one may be half of a pair.
        start = stream.read(_HEAD)[:-1]
    if b"\r" not in start:
        return False
    # What is quoted may have line feeds within.
    text = _QUOTED.sub(b"", start)
    return b"\r" in text and b"\n" not in text


def make_lines(path: Path, target: Path) -> None:
    """Write the text with line feeds for carriage returns, between quotes too."""
    with opened(path) as stream, target.open("wb") as copy:
        # In which no byte is another one; the line breaks are those of most encodings.
        text = io.TextIOWrapper(stream, "latin-1", newline=None)
        while chunk := text.read(_CHUNK):
            copy.write(chunk.encode("latin-1"))
        text.detach()


def make_utf8(path: Path, encoding: str, target: Path) -> None:
    """Write the text as UTF-8; bytes that are none in its encoding stay as they are.

    Raises
    ------
    WarehouseError
        If the text breaks off inside a character.
    """
    text = path.open(encoding=encoding, errors="surrogateescape", newline="")
    with text, target.open("wb") as copy:
        try:
            while chunk := text.read(_CHUNK):
                copy.write(chunk.encode("utf-8", "surrogateescape"))
        except UnicodeError as error:
            raise WarehouseError(
                f"its text is not {encoding} throughout ({error})"
            ) from error
