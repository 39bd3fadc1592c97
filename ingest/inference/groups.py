"""Which tables are in files of one name: each its own, or several in each of them."""

import glob
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from dbt_models import WarehouseError
from ingest.contracts.formats import PLAIN
from ingest.inference.candidates import Candidate, candidates_of
from ingest.inference.files import read_sample
from ingest.inference.names import own_name, pattern_of, table_name
from ingest.inference.samples import ROWS_LOOKED_AT, Sample
from ingest.readers.archives import members

# Fewer rows of a file say too little of its types.
_FEWEST_ROWS = 2_000


@dataclass(frozen=True)
class Group:
    """What is one table.

    Attributes
    ----------
    selects
        Which sheets or archived files are meant, in the words of a contract; empty:
        there are no others.
    """

    name: str
    selects: dict[str, str]
    samples: dict[Candidate, Sample]
    doubts: tuple[str, ...] = ()


def groups_in(name: str, paths: Sequence[Path]) -> list[Group]:
    """Look at files whose names differ in dates and numbers only.

    Raises
    ------
    WarehouseError
        If one of them is no table, or has none in it.
    """
    candidates: list[Candidate] = []
    for path in paths:
        try:
            candidates += candidates_of(path)
        except WarehouseError as error:
            raise WarehouseError(f"{path}: {error}.") from error
    limit = max(ROWS_LOOKED_AT // len(candidates), _FEWEST_ROWS)
    has_several = len(candidates) > len(paths)
    samples: dict[Candidate, Sample] = {}
    doubts = []
    for candidate in candidates:
        try:
            sample = read_sample(candidate, limit)
            if has_several:
                _require_table(candidate, sample)
        except WarehouseError as error:
            if not has_several:
                raise WarehouseError(f"{candidate}: {error}.") from error
            doubts.append(f"{candidate.member} is not read: {error}")
        else:
            samples[candidate] = sample
    if not samples:
        raise WarehouseError(f"{paths[0]}: no table is in it ({'; '.join(doubts)}).")
    first = candidates[0]
    if not has_several:
        # What it is packed in may be called anything.
        inside = table_name(first.member) if first.is_archived else ""
        return [Group(inside or name, {}, samples)]
    groups = list(_parted(name, samples))
    if len(groups) == 1 and first.is_sheet:
        groups = [replace(groups[0], name=name)]
    said = replace(groups[0], doubts=(*groups[0].doubts, *doubts))
    return [said, *groups[1:]]


def _require_table(candidate: Candidate, sample: Sample) -> None:
    """Raise if what stands beside other tables is rather a note than one."""
    if not sample.rows.num_rows:
        raise WarehouseError("it has a header and no rows")
    if len(sample.names) == 1:
        raise WarehouseError("it has one column only")
    if candidate.is_sheet and not sample.format.get("header", True):
        raise WarehouseError("it has no header")


def _parted(name: str, samples: Mapping[Candidate, Sample]) -> Iterator[Group]:
    """Yield the tables among sheets or archived files."""
    is_book = next(iter(samples)).is_sheet
    key = "sheets" if is_book else "members"
    if is_book and _are_alike(samples.values()) and _finds_no_other("*", samples):
        doubt = "all sheets have the same columns: are they one table?"
        yield Group(name, {key: "*"}, dict(samples), (doubt,))
        return
    tables: dict[str, dict[Candidate, Sample]] = {}
    for candidate, sample in samples.items():
        tables.setdefault(table_name(candidate.member) or name, {})[candidate] = sample
    for table, found in tables.items():
        names = sorted({candidate.member for candidate in found})
        is_only = is_book and len(names) == 1
        pattern = glob.escape(names[0]) if is_only else pattern_of(names)
        if _are_alike(found.values()) and _finds_no_other(pattern, found):
            yield Group(table, {key: pattern}, found)
            continue
        for member in names:
            mine = {p: sample for p, sample in found.items() if p.member == member}
            yield Group(own_name(member), {key: glob.escape(member)}, mine)


def _are_alike(samples: Iterable[Sample]) -> bool:
    first, *others = samples
    return all((s.names, s.format) == (first.names, first.format) for s in others)


def _finds_no_other(pattern: str, candidates: Iterable[Candidate]) -> bool:
    """Return whether landing reads by a pattern of members what it should, no more."""
    candidates = set(candidates)
    return candidates == {
        Candidate(path, member)
        for path in {candidate.path for candidate in candidates}
        # Landing also reads hidden sheets, where a pattern says so.
        for member in members(path, replace(PLAIN, sheets="*"))
        if fnmatchcase(member, pattern)
    }
