"""The guesses of a source's folder that nobody has looked at yet."""

import re
from dataclasses import dataclass
from pathlib import Path

_MARK = re.compile(r"(?:#|--)\s*review:\s*(.*)")
_NAME = re.compile(r'name: ("(?:[^"\\]|\\.)*"|[^,}]+?)\s*(?:[,}]|$)')
_KEY = re.compile(r"\s*(?:- )?(\w+):")


@dataclass(frozen=True)
class Mark:
    """One ``review:`` comment: where it stands, and what is to decide."""

    path: Path
    line: int
    text: str


def open_marks(folder: Path) -> list[Mark]:
    """Return the marks in a source's contract and models, in order of the lines."""
    files = sorted(path for path in folder.iterdir() if path.suffix in {".sql", ".yml"})
    return [
        Mark(path, number, _text(line[: match.start()], match[1]))
        for path in files
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if (match := _MARK.search(line))
    ]


def _text(line: str, said: str) -> str:
    """Return what is to decide, behind what it is about."""
    subject = _NAME.search(line) or _KEY.match(line)
    return f"{subject[1]}: {said}" if subject else said
