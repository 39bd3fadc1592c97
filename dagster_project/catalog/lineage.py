"""From which tables and columns a model's SQL makes each of its columns."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp, parse_one
from sqlglot.lineage import Node, lineage
from sqlglot.schema import MappingSchema

_DIALECT = "duckdb"


@dataclass(frozen=True)
class Origin:
    """What a column is made from.

    Attributes
    ----------
    made_from
        ``<schema>.<table>.<column>`` of the tables that the SQL reads.
    expressions
        ``<name> = <SQL>`` of each step that computes, from the last to the first;
        none if the column is taken over as it is.
    untraced
        Why `made_from` may lack columns; None if it does not.
    """

    made_from: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    untraced: str | None = None


class Trace:
    """What one query reads: known tables, and the origin of each of its columns."""

    def __init__(self, known: "KnownTables", sql: str):
        self._known = known
        self._origins: dict[str, Origin] = {}
        self._missing = Origin(untraced="its SQL does not give this column by name")
        self.tables: set[str] = set()
        # SQL that sqlglot does not know ends in errors of many kinds. None is a
        # reason not to publish; readers are told.
        try:
            tree = _parse(sql)
            self.tables = known.tables_in(tree)
            options = {"dialect": _DIALECT, "trim_selects": False, "copy": False}
            nodes = lineage(None, tree, known.schema, **options)
            self._origins = {name: known.origin(node) for name, node in nodes.items()}
        except Exception as error:  # noqa: BLE001
            reason = str(error).partition("\n")[0]
            self._missing = Origin(untraced=f"its SQL was not understood: {reason}")

    def origin(self, column: str) -> Origin:
        """Return the origin of a column."""
        return self._origins.get(column.lower(), self._missing)


class KnownTables:
    """The tables that SQL may read: ``<schema>.<table>`` to column to type."""

    def __init__(self, tables: Mapping[str, Mapping[str, str]]):
        nested: dict[str, dict[str, Mapping[str, str]]] = {}
        for name, columns in tables.items():
            schema, _, table = name.partition(".")
            nested.setdefault(schema, {})[table] = columns
        self.schema = MappingSchema(nested, dialect=_DIALECT)
        # sqlglot folds names to lower case, as DuckDB compares them.
        self._tables = {name.lower(): name for name in tables}
        self._spelling = {
            column.lower(): column for columns in tables.values() for column in columns
        }
        self._columns = {
            f"{name}.{column}".lower(): f"{name}.{column}"
            for name, columns in tables.items()
            for column in columns
        }

    def tables_in(self, tree: exp.Expr) -> set[str]:
        """Return the known tables that a query reads."""
        found = map(_table_name, tree.find_all(exp.Table))
        return {self._tables[name] for name in found if name in self._tables}

    def origin(self, root: Node) -> Origin:
        """Return what sqlglot found about a column, in our names."""
        made_from, expressions, untraced = set(), {}, set()
        for depth, step in _walk(root):
            found = step.expression
            if isinstance(found, exp.Table):
                column = step.name.rpartition(".")[2].strip('"')
                name = f"{_table_name(found)}.{column}"
                if name in self._columns:
                    made_from.add(self._columns[name])
                else:
                    untraced.add(f"{name} is not a column of a table of the warehouse")
            elif isinstance(found, (exp.Placeholder, exp.Star)):
                untraced.add(f"it is not clear which table {step.name} is from")
            elif isinstance(step.source, exp.SetOperation):
                continue  # its parts follow
            elif isinstance(found, exp.Alias) and _computes(found):
                expressions.setdefault(self._text(found), depth)
        return Origin(
            made_from=tuple(sorted(made_from)),
            expressions=tuple(sorted(expressions, key=lambda x: (expressions[x], x))),
            untraced="; ".join(sorted(untraced)) or None,
        )

    def _text(self, step: exp.Alias) -> str:
        """Return a step as ``<name> = <SQL>``, without the names of inner queries."""
        value = _without_parentheses(step.this).copy()
        for column in value.find_all(exp.Column):
            column.set("table", None)
            if column.this.quoted:
                spelled = self._spelling.get(column.name, column.name)
                column.this.set("this", spelled)
        return f"{step.alias} = {value.sql(_DIALECT, comments=False)}"


def _parse(sql: str) -> exp.Expr:
    tree = parse_one(sql, dialect=_DIALECT)
    for table in tree.find_all(exp.Table):
        # The same tables, whatever the database file is called.
        table.set("catalog", None)
    return tree


def _table_name(table: exp.Table) -> str:
    return f"{table.db}.{table.name}".lower()


def _walk(root: Node) -> Iterator[tuple[int, Node]]:
    """Yield each step once with its distance from the result, nearest first."""
    seen = {id(root)}
    level, depth = [root], 0
    while level:
        yield from ((depth, node) for node in level)
        below = {id(node): node for parent in level for node in parent.downstream}
        level = [node for key, node in below.items() if key not in seen]
        seen |= below.keys()
        depth += 1


def _computes(step: exp.Alias) -> bool:
    """Say whether a step is more than a column, its cast or a null."""
    value = _without_parentheses(step.this)
    if isinstance(value, exp.Cast):
        value = _without_parentheses(value.this)
    return not isinstance(value, (exp.Column, exp.Null))


def _without_parentheses(value: exp.Expr) -> exp.Expr:
    while isinstance(value, exp.Paren):
        value = value.this
    return value
