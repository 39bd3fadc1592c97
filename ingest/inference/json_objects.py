"""Objects in JSON records whose fields are columns of their own, with dotted names."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

# More fields than anybody gives one thing: rather a map of things.
_MANY_KEYS = 40
_DEEPEST = 4


def opened(records: Sequence[Mapping[str, Any]], prefix: str = "") -> Iterator[str]:
    """Yield the names of fields that hold objects of the same few keys, if anything.

    Keys of other objects may be data themselves, such as addresses of customers, and
    names of columns are published.
    """
    for name in dict.fromkeys(name for record in records for name in record):
        values = [v for record in records if (v := record.get(name)) is not None]
        if values and all(isinstance(value, dict) for value in values):
            keys = Counter(key for value in values for key in value)
            if (
                0 < len(keys) <= _MANY_KEYS
                and keys.total() * 2 > len(keys) * len(values)
                and all(re.fullmatch(r"[^\W\d][\w -]*", key) for key in keys)
            ):
                yield prefix + name
                if prefix.count(".") < _DEEPEST:
                    yield from opened(values, f"{prefix}{name}.")


def fields_of(
    record: Mapping[str, Any], ways: Collection[str], prefix: str = ""
) -> Iterator[tuple[str, Any]]:
    """Yield names and values of a record's fields, those of opened objects apart."""
    for key, value in record.items():
        name = prefix + key
        if name not in ways:
            yield name, value
        elif value is not None:
            yield from fields_of(value, ways, f"{name}.")
