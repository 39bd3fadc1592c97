"""Samples of fixed-width text, where header and rows show how wide its columns are."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, pairwise

from ingest.inference.samples import Sample, find_header, names_in, sample_of

# A line below the header that underlines each column in its width.
_RULER = re.compile(r"\s*-+(?: +-+)+\s*")
_DELIMITER = re.compile(r"[;|,\t]")
_APART = re.compile(r"\S {2,}\S")
_NUMBER = re.compile(r"[-+]?[\d.,]*\d[-+%]?")
# So many lines tell whether columns may stand apart by blanks.
_LINES = 200


@dataclass(frozen=True)
class _Layout:
    """Where columns begin, where the last one ends, and how many lines are above."""

    names: list[str]
    edges: list[int]
    above: int
    doubt: str


def stands_apart(text: str) -> bool:
    """Return whether the columns of a text's lines may stand apart by blanks."""
    filled = [line for line in text.splitlines() if line.strip()][:_LINES]
    apart = sum(bool(_APART.search(line)) for line in filled)
    is_apart = apart * 2 > len(filled) and not _DELIMITER.search(filled[0])
    return is_apart or _by_ruler(filled) is not None


def read_fixed_width(lines: Iterable[str], limit: int) -> Sample | None:
    """Look at lines of fixed width; None: they do not show where columns begin."""
    lines = (line.rstrip("\r\n") for line in lines)
    # Whatever is looked at must fit in: blanks of a few lines are so by chance.
    first = list(islice(lines, limit))
    layout = _by_ruler(first[:_LINES]) or _by_header(first)
    if layout is None:
        return None
    rows = (
        _cut(line, layout.edges)
        for line in chain(first[layout.above :], lines)
        if line.strip()
    )
    widths = [end - begin for begin, end in pairwise(layout.edges)]
    found = {"kind": "fixed_width", "header": True}
    if layout.above > 1:
        found["skip_lines"] = layout.above - 1
    found["widths"] = dict(zip(layout.names, widths, strict=True))
    return sample_of(layout.names, rows, limit, format=found, doubts=(layout.doubt,))


def _cut(line: str, edges: Sequence[int]) -> list[str]:
    return [line[begin:end].strip() for begin, end in pairwise(edges)]


def _by_ruler(lines: Sequence[str]) -> _Layout | None:
    for above, (header, ruler) in enumerate(pairwise(lines), start=2):
        is_header = header.strip() and not _DELIMITER.search(header)
        if is_header and _RULER.fullmatch(ruler):
            begins = [dashes.start() for dashes in re.finditer("-+", ruler)]
            edges = [0, *begins[1:], len(ruler.rstrip())]
            names = names_in(_cut(header, edges))
            return _Layout(names, edges, above, "columns are as wide as their rulers")
    return None


def _by_header(lines: Sequence[str]) -> _Layout | None:
    """Return the layout if between any two names there is a gap in all lines."""
    above = next(n for n, line in enumerate(lines, start=1) if line.strip())
    header, rows = lines[above - 1], [line for line in lines[above:] if line.strip()]
    words = list(re.finditer(r"\S+", header))
    columns = list(_columns([header, *rows]))
    if len(words) < 2 or not rows or len(columns) != len(words):
        return None
    if any(not b <= w.start() < e for w, (b, e) in zip(words, columns, strict=True)):
        return None
    names = [word[0] for word in words]
    cells = [_cut(row, [0, *(b for b, _ in columns[1:]), len(row)]) for row in rows]
    # A name of two words may seem to be those of two columns, one of them empty.
    if not find_header([names, *cells])[0] or not all(
        map(any, zip(*cells, strict=True))
    ):
        return None
    edges = [0]
    for place, ((_, end), (begin, _)) in enumerate(pairwise(columns), start=1):
        # A number grows to the left. What grows into it from there is no number any
        # more, and refused; a digit cut off would make another amount of it.
        is_number = all(_NUMBER.fullmatch(row[place]) for row in cells if row[place])
        edges.append(end if is_number else begin)
    edges.append(columns[-1][1])
    return _Layout(
        names_in(names),
        edges,
        above,
        f"widths are what blanks in {len(rows):,} rows suggest: does whoever makes the "
        "file say the same? A value that is longer than they say would be cut",
    )


def _columns(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where something stands in any of the lines: begin and end."""
    filled = bytearray(max(map(len, lines)))
    for line in lines:
        for word in re.finditer(r"\S+", line):
            filled[word.start() : word.end()] = b"x" * (word.end() - word.start())
    for run in re.finditer(b"x+", filled):
        yield run.start(), run.end()
