"""What a run needs from outside: its options, and the lock of the deployment."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import dagster as dg

from dagster_project.lock import run_lock
from dbt_models import load_deployment
from ingest.builds import Asked


class RunOptions(dg.ConfigurableResource):
    """Dates a run is asked to look at (ISO, empty: the data decide).

    ``fetches``: whether it fetches what is elsewhere; else it was fetched just before.
    """

    as_of_date: str = ""
    known_at: str = ""
    fetches: bool = True

    @property
    def asked(self) -> Asked:
        """The options as dates."""
        return Asked(
            as_of_date=date.fromisoformat(self.as_of_date) if self.as_of_date else None,
            known_at=date.fromisoformat(self.known_at) if self.known_at else None,
        )


class RunLock(dg.ConfigurableResource):
    """Holds the lock from a run's first step to its last, whoever started it."""

    @contextmanager
    def yield_for_execution(
        self, context: dg.InitResourceContext
    ) -> Iterator["RunLock"]:
        """Take the lock for as long as the run lasts."""
        with run_lock(load_deployment()):
            yield self
