"""Rows that break their contract, and the files they were taken out of."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from dbt_models import WarehouseError
from ingest.ledger import RejectCount


class RefusedDeliveryError(WarehouseError):
    """A delivery that was not landed; what was landed of its table before holds."""


@dataclass(frozen=True)
class Reject:
    """One reason why one row of an export file was not landed.

    Attributes
    ----------
    line
        Where the row begins in the file, from 1: the line of a text file (the header
        is line 1), the row of a Parquet file.
    column_name
        The column at fault; None if it is the row as a whole.
    reason
        In words, without a value of the row: reasons are published.
    text
        The row as it stands in the file.
    key
        What stands in the columns of the contract's key; None if it is not whole.
    """

    line: int
    column_name: str | None
    reason: str
    text: str
    key: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Sifted:
    """An export file in two: the rows that keep the contract, and the others.

    Attributes
    ----------
    good
        A copy of the file without the others.
    rows_read
        All its rows, counted without the engine that loads them.
    is_all
        Whether the rejects are all; else there are more than it was worth listing, and
        the copy is good for nothing.
    """

    good: Path
    rows_read: int
    rejects: list[Reject]
    is_all: bool = True


def count_rows(rejects: Iterable[Reject]) -> int:
    """Count the refused rows; one may break the contract in several columns."""
    return len({reject.line for reject in rejects})


def count_reasons(rejects: Iterable[Reject]) -> tuple[RejectCount, ...]:
    """Count the rejects by column and reason."""
    counts = Counter((reject.column_name, reject.reason) for reject in rejects)
    return tuple(RejectCount(*why, rows) for why, rows in counts.items())
