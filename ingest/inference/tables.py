"""The tables that files hold: which files are one table, and what each is like."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Any

import pyarrow as pa

from dbt_models import WarehouseError
from ingest.inference.candidates import Candidate
from ingest.inference.columns import ColumnGuess, Columns, guess_columns
from ingest.inference.entities import EntityGuess, lacks_of_sales, map_table
from ingest.inference.groups import Group, groups_in
from ingest.inference.keys import Identity, guess_identity
from ingest.inference.names import pattern_of, places_of, table_name
from ingest.inference.samples import Sample
from ingest.inference.words import is_number_of_something
from ingest.sql import connect


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
    optional: frozenset[str]
    identity: Identity
    mappings: tuple[EntityGuess, ...]
    lacks_of_sales: tuple[str, ...]

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
    named: dict[str, list[Path]] = {}
    for path in files:
        named.setdefault(table_name(path.name) or source, []).append(path)
    places = places_of(files)
    patterns = {
        name: _folders([places[path] for path in paths]) + _pattern(name, named)
        for name, paths in named.items()
    }
    groups = {name: groups_in(name, sorted(paths)) for name, paths in named.items()}
    count = Counter(group.name for found in groups.values() for group in found)
    return [
        _guess_table(
            f"{name}_{group.name}"
            if count[group.name] > 1 and group.name != name
            else group.name,
            patterns[name],
            group,
            day_first,
        )
        for name, found in groups.items()
        for group in found
    ]


def _folders(places: Sequence[PurePath]) -> str:
    depths = {len(place.parts) - 1 for place in places}
    return "*/" * depths.pop() if len(depths) == 1 else "**/"


def _pattern(name: str, named: Mapping[str, Sequence[Path]]) -> str:
    """Return the pattern of a table's files, which takes in no other table's."""
    mine = [path.name for path in named[name]]
    others = [path.name for n, paths in named.items() if n != name for path in paths]
    pattern = pattern_of(mine, others)
    if pattern is None:
        raise WarehouseError(
            f"{', '.join(mine)} are one table by their names, and no pattern matches "
            "all of them and no file of another table. Let their names begin alike."
        )
    return pattern


def _guess_table(name: str, pattern: str, group: Group, day_first: bool) -> TableGuess:
    (first_candidate, first), *others = group.samples.items()
    for candidate, sample in others:
        if sample.names != first.names or sample.format != first.format:
            raise WarehouseError(_difference(first_candidate, first, candidate, sample))
    paths = sorted({candidate.path for candidate in group.samples})
    rows = pa.concat_tables(
        [
            _numbered(paths.index(candidate.path), sample)
            for candidate, sample in group.samples.items()
        ]
    )
    if not rows.num_rows:
        raise WarehouseError(
            f"{first_candidate} has a header and no rows; types and keys can only be "
            "guessed from rows. Export it with some."
        )
    with connect() as connection:
        connection.register("looked_at", rows)
        connection.execute("create table sample as from looked_at")
        columns = guess_columns(
            connection, name, first.names, first.stored, first.format, day_first
        )
        identity = guess_identity(connection, name, columns.columns, len(paths))
        mappings = tuple(map_table(connection, name, columns.columns, identity))
    mixed = []
    if columns.mixed_by:
        # They would be one sum, as if all were in the source's currency.
        mappings = tuple(m for m in mappings if m.entity != "transactions")
        mixed.append(
            f"by {columns.mixed_by}, amounts are in {', '.join(columns.currencies)}, "
            "and a source counts in one currency: no transactions are made of them; "
            "split the files by currency and add a source for each"
        )
    samples = group.samples.values()
    said = [doubt for sample in samples for doubt in sample.doubts]
    return TableGuess(
        name=name,
        pattern=pattern,
        files=tuple(paths),
        rows=rows.num_rows,
        is_whole=all(sample.is_whole for sample in samples),
        format={**group.selects, **first.format, **columns.format},
        doubts=tuple(dict.fromkeys([*group.doubts, *said, *columns.doubts, *mixed])),
        columns=replace(columns, columns=_ids_as_text(columns, identity, mappings)),
        optional=frozenset().union(*(sample.optional for sample in samples)),
        identity=identity,
        mappings=mappings,
        lacks_of_sales=lacks_of_sales(name, columns.columns, identity)
        or (("amounts in one currency",) if mixed else ()),
    )


def _difference(
    first_candidate: Candidate, first: Sample, candidate: Candidate, sample: Sample
) -> str:
    """Say why two files are not one table, as their names have it."""
    ways = (
        f"only {one} has {', '.join(names)}"
        for one, mine, others in (
            (first_candidate, first.names, sample.names),
            (candidate, sample.names, first.names),
        )
        if (names := [name for name in mine if name not in others])
    )
    if said := "; ".join(ways):
        way_out = (
            "name only the files that are as it is now: columns that the others lack "
            "are `optional: true` in the contract, and one that was renamed has "
            "`was: [<old name>]` there"
        )
    elif first.format == sample.format:
        said = "their columns are in another order"
        way_out = "name only those of one order; the others will land, too"
    else:
        said = "they are written differently (delimiter, encoding, header, widths)"
        way_out = "have all written alike"
    return (
        f"{first_candidate} and {candidate} are one table by their names, but {said}. "
        f"If it is one, {way_out}. If not, give them names that differ in more than "
        "numbers."
    )


def _ids_as_text(
    columns: Columns, identity: Identity, mappings: Sequence[EntityGuess]
) -> tuple[ColumnGuess, ...]:
    """Return the columns, of which none that identifies something is a number.

    The next file may have 0017 beside 117, and as a number it would be another one.
    """
    ids = {*identity.key}
    for mapping in mappings:
        for role, names in mapping.columns.items():
            ids.update(names if role.endswith("_id") else ())
    return tuple(
        replace(column, data_type="varchar")
        if column.is_of_digits
        and (column.name in ids or is_number_of_something(column.name))
        else column
        for column in columns.columns
    )


def _numbered(number: int, sample: Sample) -> pa.Table:
    numbers = pa.repeat(pa.scalar(number, pa.int32()), sample.rows.num_rows)
    return sample.rows.append_column("file_number", numbers)
