"""The tables that files hold: which files are one table, and what each is like."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from dbt_models import WarehouseError
from ingest.inference.columns import Columns, guess_columns
from ingest.inference.entities import EntityGuess, map_table
from ingest.inference.files import read_sample
from ingest.inference.keys import Identity, guess_identity
from ingest.inference.samples import ROWS_LOOKED_AT, Sample
from ingest.inference.words import snake_case
from ingest.sql import connect

_ENDING = re.compile(
    r"\.(csv|tsv|txt|dat|jsonl?|ndjson|parquet|xlsx|xlsm)(\.gz)?$", re.I
)
# Fewer rows of a file say too little of its types.
_FEWEST_ROWS = 2_000


@dataclass(frozen=True)
class TableGuess:
    """A table: its files, its columns, what identifies its rows, what it supplies."""

    name: str
    pattern: str
    files: tuple[Path, ...]
    rows: int
    is_whole: bool
    format: dict[str, Any]
    doubts: tuple[str, ...]
    columns: Columns
    identity: Identity
    mappings: tuple[EntityGuess, ...]

    @property
    def looked_at(self) -> str:
        """How much of the files was looked at, in words."""
        first = "" if self.is_whole else "the first "
        files = f"{len(self.files)} files" if len(self.files) > 1 else "one file"
        return f"{first}{self.rows:,} rows of {files}"


def guess_tables(
    files: Sequence[Path], source: str, day_first: bool
) -> list[TableGuess]:
    """Look at the files and guess what tables they hold.

    Raises
    ------
    WarehouseError
        If a file is no table, or files of one table have different columns.
    """
    groups: dict[str, list[Path]] = {}
    for path in files:
        groups.setdefault(table_name(path) or source, []).append(path)
    patterns = {name: _pattern(paths) for name, paths in groups.items()}
    for name, pattern in patterns.items():
        if any(
            Path(path.name).match(pattern)
            for other, paths in groups.items()
            for path in paths
            if other != name
        ):
            # It would take in another table's files.
            patterns[name] = groups[name][0].name
    return [
        _guess_table(name, patterns[name], sorted(paths), day_first)
        for name, paths in groups.items()
    ]


def table_name(path: Path) -> str:
    """Return what a file's name says without its dates and numbers; '' if nothing.

    >>> table_name(Path("Orders_2026-01.csv"))
    'orders'
    """
    stem = _ENDING.sub("", path.name)
    parts = [p for p in snake_case(stem).split("_") if not p.isdigit()]
    name = "_".join(parts)
    return f"table_{name}" if name[:1].isdigit() else name


def _pattern(paths: Sequence[Path]) -> str:
    """Return a pattern of the files' names in which dates and numbers are left open."""
    ending = re.sub(r".*?(\.[a-z]+(\.gz)?)$", r"\1", paths[0].name, flags=re.I)
    stems = {
        re.sub(r"\*[-_. *]*\*", "*", re.sub(r"(?<![A-Za-z])\d[\d._-]*", "*", stem))
        for path in paths
        for stem in [path.name.removesuffix(ending).replace("[", "[[]")]
    }
    stem = stems.pop()
    if stems:
        stem = stem.partition("*")[0]
    # The next delivery may have its date in its name.
    return f"{stem}{ending}" if "*" in stem else f"{stem}*{ending}"


def _guess_table(
    name: str, pattern: str, paths: Sequence[Path], day_first: bool
) -> TableGuess:
    limit = max(ROWS_LOOKED_AT // len(paths), _FEWEST_ROWS)
    samples = [read_sample(path, limit) for path in paths]
    first = samples[0]
    for path, sample in zip(paths, samples, strict=True):
        if sample.names != first.names or sample.format != first.format:
            raise WarehouseError(
                f"{path} has the columns {', '.join(sample.names)}, and {paths[0]}, by "
                f"its name of the same table, {', '.join(first.names)}; or they are "
                "written differently (delimiter, encoding, header). Give them names "
                "that differ in more than numbers."
            )
    rows = pa.concat_tables([_numbered(n, s) for n, s in enumerate(samples)])
    if not rows.num_rows:
        raise WarehouseError(
            f"{paths[0]} has a header and no rows; types and keys can only be guessed "
            "from rows. Export it with some."
        )
    with connect() as connection:
        connection.register("looked_at", rows)
        connection.execute("create table sample as from looked_at")
        columns = guess_columns(
            connection, name, first.names, first.stored, first.format, day_first
        )
        identity = guess_identity(connection, name, columns.columns, len(paths))
    return TableGuess(
        name=name,
        pattern=pattern,
        files=tuple(paths),
        rows=rows.num_rows,
        is_whole=all(sample.is_whole for sample in samples),
        format={**first.format, **columns.format},
        doubts=(*dict.fromkeys(d for s in samples for d in s.doubts), *columns.doubts),
        columns=columns,
        identity=identity,
        mappings=tuple(map_table(name, columns.columns, identity)),
    )


def _numbered(number: int, sample: Sample) -> pa.Table:
    numbers = pa.repeat(pa.scalar(number, pa.int32()), sample.rows.num_rows)
    return sample.rows.append_column("file_number", numbers)
