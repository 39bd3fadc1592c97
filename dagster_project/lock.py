"""One run at a time in a deployment."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from dbt_models import Deployment, WarehouseError


@contextmanager
def run_lock(deployment: Deployment) -> Iterator[None]:
    """Hold the deployment's lock; the system frees it even if the process is killed.

    Raises
    ------
    WarehouseError
        If another process holds it.
    """
    path = deployment.data / ".lock"
    # Not truncated: until the lock is ours, the text is the other run's.
    with path.open("a+") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            stream.seek(0)
            raise WarehouseError(
                f"another run is going on in {deployment.data} (process "
                f"{stream.read().strip() or 'unknown'}). Wait until it ends; what is "
                "published can be used meanwhile."
            ) from error
        stream.seek(0)
        stream.truncate()
        stream.write(str(os.getpid()))
        stream.flush()
        yield


def is_running(deployment: Deployment) -> bool:
    """Say whether a run holds the deployment's lock."""
    path = deployment.data / ".lock"
    if not path.exists():
        return False
    with path.open() as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
