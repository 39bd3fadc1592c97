"""What a run can be asked for, as a Dagster resource."""

from datetime import date

import dagster as dg

from ingest.raw import Asked


class RunOptions(dg.ConfigurableResource):
    """Dates a run is asked to look at (ISO, empty: the data decide)."""

    as_of_date: str = ""
    known_at: str = ""

    @property
    def asked(self) -> Asked:
        """The options as dates."""
        return Asked(
            as_of_date=date.fromisoformat(self.as_of_date) if self.as_of_date else None,
            known_at=date.fromisoformat(self.known_at) if self.known_at else None,
        )
