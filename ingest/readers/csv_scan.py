"""CSV files as DuckDB reads them, all as text, for a closer look at what it says."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ingest.readers.dialects import Dialect
from ingest.sql import files, identifier, literal


def scan(paths: Sequence[Path], types: Mapping[str, str], dialect: Dialect) -> str:
    """Return the table expression that reads the files, and stores bad rows aside."""
    columns = ", ".join(f"{literal(name)}: 'varchar'" for name in types)
    nulls = ", ".join(map(literal, ("", *dialect.nulls)))
    found = (
        f"read_csv({files(paths)}, columns = {{{columns}}}, auto_detect = false, "
        f"header = {dialect.has_header}, skip = {dialect.skip_lines}, "
        f"delim = {literal(dialect.delimiter)}, quote = {literal(dialect.quote)}, "
        f"escape = {literal(dialect.quote)}, nullstr = [{nulls}], "
        "hive_partitioning = false, store_rejects = true)"
    )
    if len(types) > 1:
        return f"(select *, file_index from {found})"
    # A blank line is no record, but DuckDB takes it for one if there is one column.
    (only,) = map(identifier, types)
    return f"(select *, file_index from {found} where {only} is not null)"
