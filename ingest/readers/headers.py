"""The names in a header: what a contract calls them, and whether it has them all."""

from collections import Counter
from collections.abc import Collection, Container, Sequence, Set
from itertools import islice

from dbt_models import WarehouseError
from ingest.contracts import LANDING_NAMES, Table

# What a column without a name is stored as: nothing that could be landed.
NAMELESS = "nameless"


def bare_names(
    header: Sequence[str], quote: str, known: Container[str] = ()
) -> list[str]:
    """Return the names without blanks around them, and without quotes inside those.

    One that is known as it stands keeps them, and so do names that would else be the
    same: two columns never become one.
    """
    bare = [_bare(name, quote) for name in header]
    count = Counter(name.lower() for name in bare)
    return [
        name if name in known or count[found.lower()] > 1 else found
        for name, found in zip(header, bare, strict=True)
    ]


def contract_names(names: Sequence[str], table: Table) -> list[str]:
    """Return the names as the contract has them: its letters, no earlier ones.

    An earlier name of a column is another one's where the file has a newer one. Names
    that differ in nothing but upper and lower case stay: which one is it?
    """
    count = Counter(name.lower() for name in names)
    called = {}
    for column in table.columns:
        there = (name.lower() for name in column.names if name.lower() in count)
        called |= {name: column.name for name in islice(there, 1) if count[name] == 1}
    return [called.get(name.lower(), name) for name in names]


def names_and_ways(table: Table) -> tuple[Set[str], Set[str]]:
    """Return the names of columns, and of the objects in which some of them are.

    A column ``a.b`` is field ``b`` of the object, or struct, in field ``a``.
    """
    ways = {way for name in table.names for way in ways_to(name)}
    # What was a column once may be an object of columns now.
    return table.types.keys() | (table.names - ways), ways


def ways_to(name: str) -> Set[str]:
    """Return the names of the objects in which a column may be: a and a.b of a.b.c."""
    return {name[:place] for place, sign in enumerate(name) if sign == "."}


def check_header(table: Table, columns: Sequence[tuple[str, str]]) -> None:
    """Raise if columns that must be there are missing, or names cannot be landed.

    Raises
    ------
    WarehouseError
        In words without the file's name.
    """
    header = [name for name, _ in columns]
    named = {name for name, stored in columns if stored != NAMELESS}
    missing = [
        column.name
        for column in table.columns
        if column.name not in named
        and (column.name in table.required or not column.optional)
    ]
    # Where it has no other column either, something else is wrong.
    if missing or named.isdisjoint(table.types):
        raise WarehouseError(
            f"wrong header: column {', '.join(missing or table.types)} is missing; "
            f"{_what_stands_there(table, header, missing)}"
        )
    seen: dict[str, str] = {}
    for name in header:
        if not name.strip():
            raise WarehouseError("wrong header: a column has no name")
        other = seen.get(name.lower())
        if name == other:
            raise WarehouseError(f"wrong header: column {name} stands in it twice")
        if other is not None:
            raise WarehouseError(
                f"wrong header: columns {other} and {name} differ in upper and lower "
                "case only, and so are one; rename or leave out one of them"
            )
        if name.lower() in LANDING_NAMES:
            raise WarehouseError(
                f"wrong header: landing itself uses the name {name}; rename the column"
            )
        seen[name.lower()] = name


def _what_stands_there(
    table: Table, header: Sequence[str], missing: Collection[str]
) -> str:
    """Describe a header; what may be a row of data is not repeated.

    For the reason is published. It is no header if it has no name of the contract,
    however it is taken apart.
    """
    known = {name.lower() for name in table.names}
    if not known.isdisjoint(map(str.lower, header)):
        way_out = ""
        if missing and not known.issuperset(map(str.lower, header)):
            was = next(c.names for c in table.columns if c.name == missing[0])
            way_out = (
                f". If {missing[0]} has another name now, write that into the contract "
                f"in its place (config: {{meta: {{was: [{', '.join(was)}]}}}})"
            )
        if table.required.isdisjoint(missing):
            way_out += (
                ". If files may leave it out, let the contract say so at the column "
                "(config: {meta: {optional: true}})"
            )
        return f"it has {', '.join(header)}{way_out}"
    for sign in ";\t|," if len(header) == 1 else "":
        if not known.isdisjoint(header[0].lower().split(sign)):
            return f"it has {header[0]} (format: {{delimiter: {sign!r}}}?)"
    return (
        f"none of its {len(header)} fields is a name in the contract "
        "(format: {header: false}, if it has none; or skip_lines)"
    )


def _bare(name: str, quote: str) -> str:
    found = name.strip()
    if quote and len(found) > 1 and found[0] == found[-1] == quote:
        found = found[1:-1].replace(quote * 2, quote).strip()
    return found
