"""What a contract and the ledger say of a raw table, as far as it can be expected."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Promise:
    """What is promised about one raw table.

    Attributes
    ----------
    required
        Columns that are never empty.
    is_delivered
        Whether anything of it has come yet.
    """

    source: str
    table: str
    required: tuple[str, ...]
    is_delivered: bool
