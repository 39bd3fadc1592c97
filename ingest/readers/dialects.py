"""The signs that a CSV file is made of."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """How the records of a CSV file are written; by default, RFC 4180.

    Attributes
    ----------
    delimiter
        Between fields; one to four bytes.
    quote
        Around fields that hold a delimiter, doubled inside them; empty: none.
    decimal
        The sign between whole and fraction.
    nulls
        Words that mean an empty field, beside nothing at all.
    skip_lines
        Lines above the header.
    names
        The columns of a file without a header; None: it has one.
    """

    delimiter: str = ","
    quote: str = '"'
    decimal: str = "."
    nulls: tuple[str, ...] = ()
    skip_lines: int = 0
    names: tuple[str, ...] | None = None

    @property
    def has_header(self) -> bool:
        """Whether the first record names the columns."""
        return self.names is None
