"""A disk without room: no fault of a file, and no reason for a traceback."""

import errno
import os

# What the operating system says, and SQLite, in which Dagster keeps its history.
_SAID = (
    os.strerror(errno.ENOSPC),
    os.strerror(errno.EDQUOT),
    "database or disk is full",
    "disk I/O error",
)


def is_disk_full(reason: object) -> bool:
    """Return whether an error, or what was said about one, is that."""
    return any(words in str(reason) for words in _SAID)
