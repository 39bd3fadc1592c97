"""The card of a model, for people."""

from collections.abc import Mapping
from typing import Any

import pandas as pd


def written_card(content: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> str:
    """Return the card as Markdown: what it is from, and what its training found."""
    lines = [f"# {content['name']}, version {content['version']}", ""]
    facts = {name: content[name] for name in ("trained_at", "as_of_date", "digest")}
    for name, value in {**facts, **content["facts"]}.items():
        lines.append(f"- {name}: {_text(value)}")
    for name, table in tables.items():
        lines += [
            "",
            f"## {name}",
            "",
            _row(table.columns),
            _row("-" * len(table.columns)),
        ]
        lines += [_row(row) for row in table.itertuples(index=False)]
    return "\n".join(lines) + "\n"


def _row(cells: Any) -> str:
    return "| " + " | ".join(_text(cell) for cell in cells) + " |"


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return str(value)
