"""Which files stand below ``exports/``, and which of them match a table's pattern."""

import glob
import os
import re
from pathlib import Path, PurePosixPath

# What programs call a file that they are still writing, and Excel one beside it.
_UNFINISHED = (".crdownload", ".filepart", ".part", ".tmp")
_LOCK = "~$"


def matches(pattern: str, exports: Path) -> list[str]:
    """Return the names of the files that match, but not of those being written."""
    return [
        name
        for name in files_below(exports, pattern)
        if not name.lower().endswith(_UNFINISHED)
        and not PurePosixPath(name).name.startswith(_LOCK)
    ]


def files_below(exports: Path, pattern: str = "**") -> list[str]:
    """Return the names of all files that match, hidden ones aside."""
    # Unlike Path.glob, it leaves hidden files alone and finds broken links.
    names = glob.glob(pattern, root_dir=exports, recursive=True)  # noqa: PTH207
    # Whoever keeps old files in a folder may call it as they are called. Unlike
    # Path.is_dir, this does not mind where this user may not look.
    return [name for name in names if not os.path.isdir(exports / name)]  # noqa: PTH112


def closed_folder(pattern: str, exports: Path) -> str | None:
    """Return a folder where files may match, but this user may not look; None: none.

    Looking for files passes over it without a word.
    """
    path = PurePosixPath(pattern)
    # From the top: what is below a closed folder cannot be seen.
    for part, parent in zip(path.parts, reversed(path.parents), strict=True):
        needed = os.R_OK | os.X_OK if re.search(r"[*?[]", part) else os.X_OK
        found = glob.glob(f"{parent}/", root_dir=exports, recursive=True)  # noqa: PTH207
        for folder in sorted(found):
            if not os.access(exports / folder, needed):
                return folder
    return None
