"""What went wrong, in words that may be published: they repeat no row of data."""

import traceback
from pathlib import Path


def first_line(error: BaseException) -> str:
    """Return the first line of what an error says; of one that says nothing, its type.

    It may repeat what it was given; for whoever knows that this was no row of data.
    """
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".:") if lines else type(error).__name__


def kind_and_place(error: BaseException, path: Path | None = None) -> str:
    """Return an error's type, and the line that it is from: of one file, if it can be.

    What it says may repeat anything that it has come across.
    """
    frames = traceback.extract_tb(error.__traceback__)
    mine = [frame for frame in frames if path and Path(frame.filename) == path]
    place = (mine or frames or [None])[-1]
    kind = type(error).__name__
    if place is None:
        return kind
    return f"{kind} in {Path(place.filename).name}, line {place.lineno}"
