"""What a contract and the ledger say of a raw table, as far as it can be expected."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Delivery:
    """One load of a raw table."""

    load_id: int
    rows: int


@dataclass(frozen=True)
class Promise:
    """What is promised about one raw table.

    Attributes
    ----------
    required
        Columns that are never empty.
    is_snapshot
        Whether each delivery is the whole table.
    deliveries
        By date of delivery, oldest first.
    max_loss_percent
        How many of its rows a snapshot may lose from one delivery to the next.
    """

    source: str
    table: str
    required: tuple[str, ...]
    is_snapshot: bool
    deliveries: tuple[Delivery, ...]
    max_loss_percent: int
