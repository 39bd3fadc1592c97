"""Parquet files, counted by their own metadata and scanned by DuckDB."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dbt_models import WarehouseError
from ingest.checks import Check, flaws
from ingest.contracts import Table
from ingest.readers.parquet_fields import ParquetField, fields_of
from ingest.rejects import Reject, Sifted
from ingest.sql import connect, files, identifier, literal


@dataclass(frozen=True)
class ParquetReader:
    """Reads Parquet files.

    Attributes
    ----------
    schema
        Its columns, as they are read.
    line_column
        The column of a copy that says where in the file a row stood; None: the file
        is no copy, and rows are numbered.
    """

    schema: tuple[ParquetField, ...]
    line_column: str | None = None

    def columns(self, path: Path) -> list[tuple[str, str]]:
        """Return the columns and their types."""
        return [(field.name, field.data_type) for field in self.schema]

    def count_rows(self, path: Path) -> int:
        """Return the rows that the file's metadata state."""
        return _metadata(path).num_rows

    def stream(self, paths: Sequence[Path], types: Mapping[str, str]) -> None:
        """Return nothing: the scan is as fast, and gives the columns' own types."""

    def scan(self, paths: Sequence[Path], types: Mapping[str, str]) -> str:
        """Return the SQL that reads the files, each column as it is stored."""
        columns = ", ".join(map(identifier, types))
        return f"(select {columns}, file_index from {self._rows(paths)})"

    def sift(
        self,
        path: Path,
        types: Mapping[str, str],
        checks: Collection[Check],
        folder: Path,
        most: float,
    ) -> Sifted:
        """Part the file's rows into those that keep the contract and the others.

        The parameters are those of ``csv_sift.sift``.

        Raises
        ------
        WarehouseError
            If a column holds bytes that are no text.
        """
        good = folder / "good.parquet"
        row = ", ".join(f"{literal(name)}: {identifier(name)}" for name in types)
        line = (
            identifier(self.line_column) if self.line_column else "file_row_number + 1"
        )
        rows = self._rows([path], file_row_number=True)
        with connect() as connection:
            _require_text(connection, rows, types)
            query = f"""
                select line, flaw.column_name, flaw.reason, text
                from (
                    select
                        {line} as line,
                        to_json({{{row}}})::varchar as text,
                        unnest({flaws(checks)}) as flaw
                    from {rows}
                )
                where flaw is not null"""
            (found,) = connection.execute(
                f"select count(distinct line) from ({query})"
            ).fetchone()
            if found > most:
                query += f" order by line limit {most + 1:.0f}"
            broken = connection.execute(query).fetchall()
            rejects = [Reject(*reject) for reject in broken]
            if found > most:
                return Sifted(good, self.count_rows(path), rejects, is_all=False)
            lines = [reject.line for reject in rejects]
            connection.execute(
                f"""copy (
                    select * exclude (file_row_number)
                    from {_scan([path], file_row_number=True)}
                    where {line} not in (select unnest($lines::bigint[]))
                ) to {literal(good)} (format parquet)""",
                {"lines": lines},
            )
        return Sifted(good, self.count_rows(path), rejects)

    def fields(self, text: str, names: Collection[str]) -> dict[str, str]:
        """Take the text of a rejected row apart."""
        values = json.loads(text)
        return {name: str(v) for name in names if (v := values[name]) is not None}

    def _rows(self, paths: Sequence[Path], file_row_number: bool = False) -> str:
        """Return the SQL that reads the files by the names that the contract has."""
        columns = [f"{field.sql} as {identifier(field.name)}" for field in self.schema]
        if self.line_column:
            columns.append(identifier(self.line_column))
        if file_row_number:
            columns.append("file_row_number")
        found = _scan(paths, file_row_number)
        return f"(select {', '.join(columns)}, file_index from {found})"


def parquet_reader(
    path: Path, table: Table, line_column: str | None = None
) -> ParquetReader:
    """Return what reads a file, or a copy with this column of lines.

    Raises
    ------
    WarehouseError
        If it is no Parquet file, or DuckDB would misread a column.
    """
    fields = fields_of(_metadata(path).schema.to_arrow_schema(), table)
    mine = (field for field in fields if field.name != line_column)
    return ParquetReader(tuple(mine), line_column)


def _scan(paths: Sequence[Path], file_row_number: bool = False) -> str:
    # Folders like note=x are not columns; text of old writers is not marked as such.
    return (
        f"read_parquet({files(paths)}, file_row_number = {file_row_number}, "
        "hive_partitioning = false, binary_as_string = true)"
    )


def _require_text(
    connection: duckdb.DuckDBPyConnection, rows: str, names: Iterable[str]
) -> None:
    """Raise if DuckDB cannot read a column because its bytes are no text."""
    for name in names:
        try:
            connection.execute(f"select max({identifier(name)}) from {rows}").fetchall()
        except duckdb.InvalidInputException as error:
            raise WarehouseError(
                f"column {name} holds bytes that are not UTF-8 text; leave the column "
                "out, or export it as text"
            ) from error


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
