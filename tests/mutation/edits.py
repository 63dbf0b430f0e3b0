"""An edit is one change of one place; the helpers here build the usual ones."""

from collections.abc import Iterator
from dataclasses import dataclass

from .text import Unit


@dataclass(frozen=True)
class Edit:
    """Replace the text between two positions of a file."""

    kind: str
    start: int
    end: int
    new: str


def replace(unit: Unit, kind: str, first: int, end: int, new: str) -> Edit:
    """Replace the tokens from ``first`` to the one before ``end``."""
    return Edit(kind, unit.tokens[first].start, unit.tokens[end - 1].end, new)


def drop_each(unit: Unit, kind: str, items: list[tuple[int, int]]) -> Iterator[Edit]:
    """Drop each item of a comma list, with its comma; nothing for a list of one."""
    for number, (first, end) in enumerate(items):
        if len(items) == 1:
            return
        if number + 1 < len(items):
            following = items[number + 1][0]
            yield Edit(kind, unit.tokens[first].start, unit.tokens[following].start, "")
        else:
            before = items[number - 1][1]
            yield Edit(kind, unit.tokens[before - 1].end, unit.tokens[end - 1].end, "")
