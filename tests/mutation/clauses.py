"""Mutators of clauses: joins, conditions, cases, sort orders, unions, incremental blocks."""

from collections.abc import Iterator

from .edits import Edit, drop_each, replace
from .text import Unit

_JOINS = {"inner": ("left",), "left": ("inner",), "right": ("inner",), "full": ("left", "right")}
_AFTER_WHERE = ("group", "having", "order", "union", "except", "intersect", "limit", "window")
_AFTER_TERM = (
    *("and", "or", "then", "when", "else", "end", "as", "where", "on", "join"),
    *("inner", "left", "right", "full", "cross", *_AFTER_WHERE),
)
_BEFORE_TERM = {"and", "or", "where", "on", "having", "when", "then", "else", "select", "by"}


def joins(unit: Unit) -> Iterator[Edit]:
    """Another kind of join."""
    for number in range(len(unit.tokens)):
        kind = unit.word(number)
        join = number + 2 if unit.word(number + 1) == "outer" else number + 1
        if kind in _JOINS and unit.word(join) == "join":
            for other in _JOINS[kind]:
                yield replace(unit, "join", number, join, other)


def wheres(unit: Unit) -> Iterator[Edit]:
    """A whole ``where`` or ``having`` dropped."""
    for number in range(len(unit.tokens)):
        if unit.word(number) not in {"where", "having"} or _opens_incremental(unit, number - 1):
            continue
        yield replace(unit, "where", number, unit.clause_end(number, *_AFTER_WHERE), "")


def incremental_blocks(unit: Unit) -> Iterator[Edit]:
    """What is only there in an incremental run, dropped."""
    for number in range(len(unit.tokens)):
        if not _opens_incremental(unit, number):
            continue
        level = 1
        for ahead in range(number + 1, len(unit.tokens) - 1):
            if unit.tokens[ahead].kind == "open" and unit.tokens[ahead].is_tag:
                level += {"if": 1, "endif": -1}.get(unit.tokens[ahead + 1].text, 0)
            if level == 0:
                if number + 1 < ahead:
                    yield replace(unit, "incremental", number + 1, ahead, "")
                break


def _opens_incremental(unit: Unit, closing: int) -> bool:
    """Whether the token closes the tag ``{% if is_incremental() %}``."""
    texts = [token.text for token in unit.tokens[max(0, closing - 4) : closing]]
    return texts == ["if", "is_incremental", "(", ")"]


def terms(unit: Unit) -> Iterator[Edit]:
    """A term of a condition dropped, and ``or`` for ``and``."""
    for number, token in enumerate(unit.tokens):
        if token.word not in {"and", "or"} or _belongs_to_between(unit, number):
            continue
        first = _term_start(unit, number)
        end = _term_end(unit, number)
        if unit.word(first - 1) not in {"and", "or"} or unit.tokens[first - 1].depth != token.depth:
            yield Edit("condition", unit.tokens[first].start, unit.tokens[number + 1].start, "")
        yield replace(unit, "condition", number, end, "")
        swapped = "or" if token.word == "and" else "and"
        yield replace(unit, "condition", number, number + 1, swapped)


def _term_end(unit: Unit, connective: int) -> int:
    """Index after the term behind a connective."""
    end = unit.clause_end(connective, *_AFTER_TERM)
    while unit.word(end) == "and" and _belongs_to_between(unit, end):
        end = unit.clause_end(end, *_AFTER_TERM)
    depth = unit.tokens[connective].depth
    commas = (
        number
        for number in range(connective, end)
        if unit.tokens[number].text == "," and unit.tokens[number].depth == depth
    )
    return next(commas, end)


def _term_start(unit: Unit, connective: int) -> int:
    """Index of the first token of the term before a connective."""
    depth = unit.tokens[connective].depth
    in_between = False
    for number in range(connective - 1, -1, -1):
        token = unit.tokens[number]
        if token.depth > depth:
            continue
        if token.word == "and" and _belongs_to_between(unit, number):
            in_between = True
        elif in_between and token.word == "between":
            in_between = False
        elif token.depth < depth or token.is_tag or token.word in _BEFORE_TERM or token.text == ",":
            return number + 1
    return 0


def _belongs_to_between(unit: Unit, number: int) -> bool:
    """Whether the ``and`` at an index is that of ``between … and …``."""
    depth = unit.tokens[number].depth
    for back in range(number - 1, -1, -1):
        token = unit.tokens[back]
        if token.depth < depth or (token.depth == depth and token.word in _BEFORE_TERM):
            return False
        if token.depth == depth and token.word == "between":
            return True
    return False


def cases(unit: Unit) -> Iterator[Edit]:
    """A branch of a ``case`` dropped."""
    for number in range(len(unit.tokens)):
        if unit.word(number) != "case":
            continue
        marks = _case_marks(unit, number)
        branches = [pair for pair in marks if unit.word(pair[0]) == "when"]
        for first, end in marks:
            is_else = unit.word(first) == "else"
            plain_null = is_else and unit.word(first + 1) == "null" and end == first + 2
            if (is_else and not plain_null) or (not is_else and len(branches) > 1):
                yield replace(unit, "case", first, end, "")


def _case_marks(unit: Unit, number: int) -> list[tuple[int, int]]:
    """Begin and end of each ``when`` and ``else`` of the case that begins at an index."""
    marks: list[int] = []
    nested, depth = 0, unit.tokens[number].depth
    for ahead in range(number + 1, len(unit.tokens)):
        token = unit.tokens[ahead]
        if token.depth != depth:
            continue
        if token.is_tag:
            return []  # a loop makes the branches
        if token.word == "case":
            nested += 1
        elif token.word == "end" and nested:
            nested -= 1
        elif token.word == "end":
            return list(zip(marks, [*marks[1:], ahead], strict=True))
        elif token.word in {"when", "else"} and not nested:
            marks.append(ahead)
    return []


def unions(unit: Unit) -> Iterator[Edit]:
    """``union`` for ``union all``; a branch dropped."""
    for number in range(len(unit.tokens)):
        if unit.word(number) != "union" or unit.word(number + 1) != "all":
            continue
        yield replace(unit, "union", number, number + 2, "union")
        end = unit.clause_end(number + 1, "union", "order", "limit")
        if number + 2 < end:
            yield replace(unit, "union", number, end, "")
        depth = unit.tokens[number].depth
        start = number
        while start and unit.tokens[start - 1].depth >= depth and unit.word(start - 1) != "union":
            start -= 1
        first_of_chain = not start or unit.word(start - 1) != "union"
        if first_of_chain and not any(token.is_tag for token in unit.tokens[start:number]):
            yield Edit("union", unit.tokens[start].start, unit.tokens[number + 1].end, "")


def orders(unit: Unit) -> Iterator[Edit]:
    """A sort key turned round or dropped; a part of ``partition by`` dropped."""
    for number in range(len(unit.tokens)):
        words = (unit.word(number), unit.word(number + 1))
        if words == ("order", "by"):
            yield from _sort_keys(unit, number + 2, unit.clause_end(number + 1, "rows", "limit"))
        elif words == ("partition", "by"):
            end = unit.clause_end(number + 1, "order", "rows")
            parts = unit.items(number + 2, end)
            if len(parts) == 1:
                yield replace(unit, "key part", number, end, "")
            yield from drop_each(unit, "key part", parts)
    all_words = {token.word for token in unit.tokens}
    if unit.is_macro and all_words & {"asc", "desc"} and "order" not in all_words:
        yield from _sort_keys(unit, 0, len(unit.tokens))  # a macro that holds the keys only


def _sort_keys(unit: Unit, first: int, end: int) -> Iterator[Edit]:
    keys = unit.items(first, end)
    for start, stop in keys:
        last = unit.word(stop - 1)
        if last in {"asc", "desc"}:
            turned = "desc" if last == "asc" else "asc"
            yield replace(unit, "sort", stop - 1, stop, turned)
        elif unit.tokens[start].kind != "open" and last != "null":
            # (the keys of a macro are turned in the macro, and `x is null` is a null test)
            yield replace(unit, "sort", start, stop, unit.slice(start, stop) + " desc")
    yield from drop_each(unit, "sort", keys)
