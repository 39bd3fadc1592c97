"""A table and what is expected of it: the shape in which every table is checked."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation


@dataclass(frozen=True)
class Suite:
    """What is expected of one table of the build database.

    Attributes
    ----------
    expectations
        The ``meta`` of each says by which file or parameter it is stated
        (``defined_in``) and, if it cannot be checked in this run, why (``unchecked``).
        One of severity ``warning`` is a reason to look and stops nothing.
    advice
        What to do if the table is wrong, rather than what is expected of it; a
        sentence without its full stop.
    personal
        Columns with personal data, of which no value is shown.
    last_run
        Database that queries see as ``last_run``: what the run before published.
    """

    schema: str
    table: str
    expectations: Sequence["Expectation"]
    advice: str
    personal: frozenset[str] = frozenset()
    last_run: Path | None = None

    @property
    def full_name(self) -> str:
        """Return ``<schema>.<table>``."""
        return f"{self.schema}.{self.table}"
