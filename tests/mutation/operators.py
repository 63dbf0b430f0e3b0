"""Mutators of single words, operators, constants and calls."""

from collections.abc import Iterator

from .edits import Edit, drop_each, replace
from .text import Unit

_COMPARISONS = {">": ">=", ">=": ">", "<": "<=", "<=": "<", "=": "<>", "<>": "=", "!=": "="}
_ARITHMETIC = {"+": "-", "-": "+", "*": "+", "/": "*"}
_AGGREGATES = {"sum": "max", "min": "max", "max": "min", "avg": "max"}
_PARTS = {
    "year": "isoyear",
    "month": "quarter",
    "day": "doy",
    "week": "month",
    "isodow": "dow",
    "quarter": "month",
}
_UNITS = {"hour": "day", "day": "hour", "second": "minute", "minute": "second"}
_UNWRAPPED = {"nullif", "lower", "upper", "trim", "btrim", "translate", "abs", "round"}
_SIZED_TYPES = {"numeric", "decimal", "varchar", "char"}


def comparisons(unit: Unit) -> Iterator[Edit]:
    """``>`` for ``>=`` and back, ``<>`` for ``=``."""
    for number, token in enumerate(unit.tokens):
        if token.kind == "op" and not token.jinja and token.text in _COMPARISONS:
            yield replace(unit, "comparison", number, number + 1, _COMPARISONS[token.text])


def arithmetic(unit: Unit) -> Iterator[Edit]:
    """Another operator between two operands."""
    for number in range(1, len(unit.tokens) - 1):
        token, before = unit.tokens[number], unit.tokens[number - 1]
        if token.kind != "op" or token.jinja or token.text not in _ARITHMETIC:
            continue
        if before.is_column or before.kind in {"number", "string", "close"} or before.text == ")":
            yield replace(unit, "arithmetic", number, number + 1, _ARITHMETIC[token.text])


def null_tests(unit: Unit) -> Iterator[Edit]:
    """``is null`` for ``is not null`` and back; ``<>`` for ``is distinct from``."""
    for number in range(len(unit.tokens)):
        words = [unit.word(number + ahead) for ahead in range(4)]
        if words[:2] == ["is", "null"]:
            yield replace(unit, "null test", number, number + 2, "is not null")
        elif words[:3] == ["is", "not", "null"]:
            yield replace(unit, "null test", number, number + 3, "is null")
        elif words[:3] == ["is", "distinct", "from"]:
            yield replace(unit, "null test", number, number + 3, "<>")
        elif words == ["is", "not", "distinct", "from"]:
            yield replace(unit, "null test", number, number + 4, "=")


def distincts(unit: Unit) -> Iterator[Edit]:
    """A ``distinct`` dropped."""
    for number in range(1, len(unit.tokens)):
        if unit.word(number) == "distinct" and unit.word(number + 1) != "from":
            yield replace(unit, "distinct", number, number + 1, "")


def constants(unit: Unit) -> Iterator[Edit]:
    """Another number, text or truth value."""
    for number, token in enumerate(unit.tokens):
        before = unit.tokens[number - 1] if number else None
        if token.kind == "number" and not _is_of_a_type(unit, number):
            if before is None or before.text != ".":
                decimals = len(token.text.partition(".")[2])
                new = f"{float(token.text) + 1:.{decimals}f}"
                yield replace(unit, "constant", number, number + 1, new)
        elif token.kind == "string" and not token.jinja and "{" not in token.text:
            yield replace(unit, "constant", number, number + 1, "'mutant'")
        elif token.word in {"true", "false"}:
            new = "false" if token.word == "true" else "true"
            yield replace(unit, "constant", number, number + 1, new)


def _is_of_a_type(unit: Unit, number: int) -> bool:
    """Whether a number is the size of a type, as in ``numeric(12, 2)``."""
    depth = unit.tokens[number].depth
    for back in range(number - 1, 0, -1):
        if unit.tokens[back].depth < depth:
            return unit.word(back - 1) in _SIZED_TYPES
    return False


def units(unit: Unit) -> Iterator[Edit]:
    """Another unit of time: in a call of Jinja, or the part that is extracted."""
    for number, token in enumerate(unit.tokens):
        name = token.text.strip("'\"")
        if token.kind == "string" and token.jinja and name in _UNITS:
            if number + 1 == len(unit.tokens) or unit.tokens[number + 1].text not in {":", "]"}:
                new = token.text.replace(name, _UNITS[name])
                yield replace(unit, "unit", number, number + 1, new)
        elif token.word in _PARTS and unit.word(number - 2) == "extract":
            yield replace(unit, "unit", number, number + 1, _PARTS[token.word])


def calls(unit: Unit) -> Iterator[Edit]:
    """Aggregates exchanged, calls unwrapped, arguments of ``coalesce`` dropped."""
    for number, token in enumerate(unit.tokens):
        if not token.word or not unit.is_open(number + 1):
            continue
        closing = unit.closing(number + 1)
        arguments = unit.items(number + 2, closing)
        if not arguments:
            continue
        inner = unit.slice(*arguments[0])
        if token.word == "coalesce":
            yield from drop_each(unit, "coalesce", arguments)
        elif token.word in _UNWRAPPED:
            yield replace(unit, "unwrapped", number, closing + 1, inner)
        elif token.word in {"greatest", "least"}:
            new = "least" if token.word == "greatest" else "greatest"
            yield replace(unit, "aggregate", number, number + 1, new)
        elif token.word in _AGGREGATES:
            yield replace(unit, "aggregate", number, number + 1, _AGGREGATES[token.word])
        elif token.word == "count":
            if inner == "*":
                yield replace(unit, "aggregate", number, closing + 1, "max(1)")
            elif not inner.startswith("distinct"):
                yield replace(unit, "aggregate", number, closing + 1, f"count(distinct {inner})")
        elif token.word == "cast" and unit.word(closing - 1) == "date":
            value = unit.slice(number + 2, closing - 2)
            if not value.startswith(("null", "'")):
                yield replace(unit, "unwrapped", number, closing + 1, value)


def trims(unit: Unit) -> Iterator[Edit]:
    """A call of ``trimmed`` or ``without_accents`` taken away from its column."""
    for number, token in enumerate(unit.tokens):
        if not token.jinja or token.text not in {"trimmed", "without_accents"}:
            continue
        closing = unit.closing(number + 1)
        argument = unit.slice(number + 2, closing)
        whole = unit.tokens[number - 1].kind == "open" and unit.tokens[closing + 1].kind == "close"
        if whole:
            bare = argument.strip("'\"") if argument[0] in "'\"" else f"{{{{ {argument} }}}}"
            yield replace(unit, "unwrapped", number - 1, closing + 2, bare)
        else:
            yield replace(unit, "unwrapped", number, closing + 1, argument)
