"""How a table's export files are written: ``config.meta.format`` of its contract."""

from dataclasses import dataclass

KINDS = ("csv", "excel", "fixed_width", "json", "parquet")
# What a file's ending says, where the contract does not.
KINDS_BY_ENDING = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".parquet": "parquet",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsm": "excel",
    ".xlsx": "excel",
}
# How numbers below zero may be written, beside -1: by SAP, and in accounts.
NEGATIVES = ("1-", "(1)")


@dataclass(frozen=True)
class Format:
    """What the file's ending and its first bytes do not say.

    Attributes
    ----------
    kind
        One of ``KINDS``; None: the file's ending says it.
    encoding
        Of text; None: UTF-8, or what a byte order mark says.
    delimiter
        Between the fields of a CSV file; None: a comma, in ``.tsv`` files a tab.
    quote
        Around fields that hold a delimiter; empty: nothing is quoted.
    header
        Whether the first line names the columns; else they come as in the contract.
        A contract with ``widths`` has the names already: there, none unless it says so.
    skip_lines
        Lines (of a sheet: rows) above the header.
    decimal, thousands
        The signs inside numbers; thousands: empty if there are none.
    symbols
        What stands before or behind numbers, such as currency signs.
    negative
        How numbers below zero are written: ``-1``, or one of ``NEGATIVES`` beside it.
    nulls
        Words that mean an empty field.
    sheets
        Pattern of the names of the sheets that are read, in a workbook of several.
    members
        Pattern of the names of the files that are read, in a zip archive.
    records
        Where in a JSON document the list of records is, such as ``data.items``.
    widths
        Of a fixed-width file: column name to the characters that it takes.
    """

    kind: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str = '"'
    header: bool = True
    skip_lines: int = 0
    decimal: str = "."
    thousands: str = ""
    symbols: tuple[str, ...] = ()
    negative: str = "-1"
    nulls: tuple[str, ...] = ()
    sheets: str | None = None
    members: str = "*"
    records: str | None = None
    widths: tuple[tuple[str, int], ...] = ()

    @property
    def has_plain_numbers(self) -> bool:
        """Whether numbers are written as in SQL, but for the decimal sign."""
        is_signed_first = self.negative not in NEGATIVES
        return is_signed_first and not self.thousands and not self.symbols


PLAIN = Format()
