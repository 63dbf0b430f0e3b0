"""Mutators that take another column: in a select list, in a join, in a key, in a list of Jinja."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from .edits import Edit, drop_each, replace
from .text import KEYWORDS, Token, Unit

# Endings of names that say what kind of value a column has; what has none of them is text.
_CLASSES = (
    "_date_key",
    "_key",
    "_id",
    "_at",
    ("_on", "_day"),
    "_g",
    "_cm",
    "_rank",
    ("_value", "price", "_total"),
    ("_count", "_length", "_qty", "score", "installments", "sequential"),
    ("latitude", "longitude", "_lat", "_lng"),
    ("_sum",),
)


@dataclass(frozen=True)
class _Item:
    """An item of a select list: where its expression is, its alias, and what it may stand for."""

    first: int
    end: int
    alias: str
    shape: str
    named: bool


def _class_of(name: str) -> str:
    column = name.rpartition(".")[2].lower()
    if column.startswith("_"):
        return column
    if column.startswith(("is_", "has_")):
        return "flag"
    if column.startswith(("days_", "hours_")):
        return "lag"
    for endings in _CLASSES:
        if column.endswith(endings):
            return str(endings)
    return "text"


def swapped_columns(unit: Unit) -> Iterator[Edit]:
    """Each item of a select list takes the expression of the next one of its kind."""
    for number in range(len(unit.tokens)):
        if unit.word(number) != "select":
            continue
        first = number + 2 if unit.word(number + 1) == "distinct" else number + 1
        groups: dict[str, list[_Item]] = defaultdict(list)
        for item in _items(unit, first, unit.clause_end(number, "from", "union")):
            groups[item.shape].append(item)
        for items in groups.values():
            for item, other in zip(items, [*items[1:], items[0]], strict=True):
                new = unit.slice(other.first, other.end)
                if new != unit.slice(item.first, item.end):
                    label = "" if item.named else f" as {item.alias}"
                    yield replace(unit, "column", item.first, item.end, new + label)


def _items(unit: Unit, first: int, end: int) -> Iterator[_Item]:
    for start, stop in unit.items(first, end):
        named = stop - start > 2 and unit.word(stop - 2) == "as"
        if any(token.is_tag for token in unit.tokens[start:stop]):
            continue
        if named:
            shape = _shape(unit, start, stop - 2)
            item = _Item(start, stop - 2, unit.tokens[stop - 1].text, shape, True)
        elif stop - start == 1 and unit.tokens[start].is_column:
            alias = unit.tokens[start].text.rpartition(".")[2]
            item = _Item(start, stop, alias, _shape(unit, start, stop), False)
        else:
            continue
        if "?" in item.shape:
            yield item


def _shape(unit: Unit, start: int, stop: int) -> str:
    """The expression with a mark for each column; a bare column also says its kind of value."""
    if stop - start == 1:
        token = unit.tokens[start]
        return f"? {_class_of(token.text)}" if token.is_column else token.text
    parts = []
    for number in range(start, stop):
        token = unit.tokens[number]
        is_column = token.is_column and not unit.is_open(number + 1)
        parts.append("?" if is_column or _names_a_column(token) else token.text)
    return " ".join(parts)


def _names_a_column(token: Token) -> bool:
    """Whether a string of Jinja is a column, and no type or unit."""
    name = token.text.strip("'\"").rpartition(".")[2]
    is_string = token.jinja and token.kind == "string"
    return is_string and name.isidentifier() and name not in KEYWORDS


def swapped_join_keys(unit: Unit) -> Iterator[Edit]:
    """Another column of the same table in a join."""
    known = _columns_by_table(unit)
    for number in range(1, len(unit.tokens) - 1):
        if unit.tokens[number].text != "=" or not _is_in_join(unit, number):
            continue
        for side in (number - 1, number + 1):
            table, _, column = unit.tokens[side].text.rpartition(".")
            siblings = [c for c in known[table] if _class_of(c) == _class_of(column)]
            if unit.tokens[side].is_column and table and column in siblings and siblings[1:]:
                other = siblings[(siblings.index(column) + 1) % len(siblings)]
                yield replace(unit, "join key", side, side + 1, f"{table}.{other}")
                break


def _is_in_join(unit: Unit, number: int) -> bool:
    depth = unit.tokens[number].depth
    for back in range(number - 1, -1, -1):
        if unit.tokens[back].depth < depth:
            return False
        if unit.word(back) in {"on", "where", "select", "when"}:
            return unit.word(back) == "on"
    return False


def _columns_by_table(unit: Unit) -> dict[str, list[str]]:
    """Columns of each CTE and alias, as far as this file tells them."""
    known: dict[str, list[str]] = defaultdict(list)
    for number, token in enumerate(unit.tokens):
        if unit.word(number + 1) == "as" and unit.is_open(number + 2) and token.is_column:
            select = number + 3
            if unit.word(select) == "select":
                first = select + 2 if unit.word(select + 1) == "distinct" else select + 1
                end = unit.clause_end(select, "from", "union")
                known[token.text] += [item.alias for item in _items(unit, first, end)]
    for token in unit.tokens:
        table, _, column = token.text.rpartition(".")
        if token.is_column and table and column not in known[table]:
            known[table].append(column)
    return known


def list_items(unit: Unit) -> Iterator[Edit]:
    """An item of a list or mapping of Jinja dropped: a part of a key, an input, a source table."""
    for number, token in enumerate(unit.tokens):
        if token.jinja and token.text in {"[", "{"}:
            before = unit.tokens[number - 1]
            if before.kind == "name" or before.text in {")", "]", "}"}:
                continue  # an index, not a list
            call = unit.tokens[number - 2].text if number > 1 else ""
            kind = "key part" if call.endswith("generate_surrogate_key") else "list item"
            closing = unit.closing(number)
            yield from drop_each(unit, kind, unit.items(number + 1, closing))
