"""The columns of a Parquet file, by the names that a contract has for them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbt_models import WarehouseError
from ingest.contracts import Table
from ingest.readers.headers import contract_names, names_and_ways
from ingest.sql import identifier, literal

if TYPE_CHECKING:
    import pyarrow

# Arrow's names of the types that a contract knows.
TYPES = {
    "binary": "varchar",
    "binary_view": "varchar",
    "bool": "boolean",
    "date32[day]": "date",
    "int32": "integer",
    "int64": "bigint",
    "large_binary": "varchar",
    "large_string": "varchar",
    "string": "varchar",
    "string_view": "varchar",
    "timestamp[us]": "timestamp",
}
_FRACTIONS = ("decimal", "double", "float", "halffloat")


@dataclass(frozen=True)
class ParquetField:
    """A column, or a field of one, and how it is read.

    Attributes
    ----------
    data_type
        Of its values, as a contract spells it; what is nested is read as JSON text.
    stored
        What the file says of it: files that differ there cannot be read in one scan.
    """

    name: str
    data_type: str
    stored: str
    sql: str


def fields_of(schema: "pyarrow.Schema", table: Table) -> tuple[ParquetField, ...]:
    """Return what the columns hold; structs are opened as objects of JSON are.

    Raises
    ------
    WarehouseError
        If DuckDB would misread a column.
    """
    for field in schema:
        # DuckDB takes the first bytes of them for the number, without a word.
        if "decimal256" in str(field.type):
            raise WarehouseError(
                f"column {field.name} holds decimals of more than 38 digits, which "
                "cannot be read; export them with fewer, or as text"
            )
    columns, ways = names_and_ways(table)
    found = [
        inner
        for field in schema
        for inner in _fields(
            field.name, field.type, identifier(field.name), columns, ways
        )
    ]
    names = contract_names([field.name for field in found], table)
    return tuple(
        _as_landed(replace(field, name=name), table)
        for field, name in zip(found, names, strict=True)
    )


def _as_landed(field: ParquetField, table: Table) -> ParquetField:
    """Return a number that lands as text as it is written in files of the table."""
    decimal = table.format.decimal
    is_text = table.types.get(field.name, "varchar") == "varchar"
    if decimal == "." or not is_text or not field.data_type.startswith(_FRACTIONS):
        return field
    text = f"replace({field.sql}::varchar, '.', {literal(decimal)})"
    return replace(field, data_type="varchar", sql=text)


def _fields(
    name: str,
    type_: "pyarrow.DataType",
    sql: str,
    columns: Collection[str],
    ways: Collection[str],
) -> Iterator[ParquetField]:
    """Yield the column, or its fields if it is on the way to the contract's columns.

    What else a struct holds is one field of its name.
    """
    # A tenth of a second that a run without Parquet exports does not pay.
    from pyarrow.types import is_dictionary, is_nested, is_struct

    stored = str(type_)
    if name in columns or name not in ways or not is_struct(type_):
        if is_nested(type_):
            yield ParquetField(name, "varchar", stored, f"to_json({sql})::varchar")
        else:
            # Of a few words that recur, such as pandas' categories.
            plain = str(type_.value_type if is_dictionary(type_) else type_)
            data_type = TYPES.get(plain, plain.replace("decimal128", "decimal"))
            yield ParquetField(name, data_type, stored, sql)
        return
    rest = []
    for place, field in enumerate(type_, start=1):
        inner = f"{name}.{field.name}"
        # By name, DuckDB would not tell id and ID apart.
        value = f"struct_extract_at({sql}, {place})"
        if inner in columns or (inner in ways and is_struct(field.type)):
            yield from _fields(inner, field.type, value, columns, ways)
        else:
            rest += [literal(field.name), value]
    if rest:
        others = f"json_object({', '.join(rest)})::varchar"
        others = f"case when {sql} is not null then {others} end"
        yield ParquetField(name, "varchar", stored, others)
