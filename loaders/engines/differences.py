"""Two tables, row for row: one pass over both, each in the order of its key."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from loaders.engines import Mart

_EXAMPLES = 3
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Example:
    """A row that differs: its key, and the columns with both values, or on which side it is not."""

    key: str
    columns: tuple[tuple[str, str, str], ...] = ()
    lacks: int | None = None

    def text(self, reference: str, other: str) -> str:
        """What it says of two sides of these names."""
        if self.lacks is not None:
            return f"not on {(reference, other)[self.lacks]}"
        return "; ".join(
            f"{column} is {ours} on {reference}, {theirs} on {other}"
            for column, ours, theirs in self.columns
        )


@dataclass
class Difference:
    """What came of comparing a mart: numbers of rows, and the first few that differ.

    ``missing`` rows are not on the other side, ``extra`` ones only there.
    """

    mart: str
    rows: int = 0
    other_rows: int = 0
    equal: int = 0
    missing: int = 0
    extra: int = 0
    differing: int = 0
    examples: list[Example] = field(default_factory=list)

    @property
    def none(self) -> bool:
        """Whether both sides are equal."""
        return not (self.missing or self.extra or self.differing)

    def note(self, example: Example) -> None:
        """Keep an example, unless there are enough."""
        if len(self.examples) < _EXAMPLES:
            self.examples.append(example)


def differences(mart: Mart, ours: Iterator[Row], theirs: Iterator[Row]) -> Difference:
    """Compare the rows of a mart on two sides, both by the text of its key.

    Values are equal when their text is, type and digits after the point included: 1 is not 1.00.
    """
    found = Difference(mart.name)
    position = mart.columns.index(mart.key)
    left, right = next(ours, None), next(theirs, None)
    while left is not None or right is not None:
        key, other = _key(left, position), _key(right, position)
        if left is not None and (other is None or (key is not None and key < other)):
            found.rows += 1
            found.missing += 1
            found.note(Example(str(key), lacks=1))
            left = next(ours, None)
        elif right is not None and (key is None or (other is not None and other < key)):
            found.other_rows += 1
            found.extra += 1
            found.note(Example(str(other), lacks=0))
            right = next(theirs, None)
        elif left is not None and right is not None:
            found.rows += 1
            found.other_rows += 1
            _values(mart, str(key), left, right, found)
            left, right = next(ours, None), next(theirs, None)
    return found


def _values(mart: Mart, key: str, left: Row, right: Row, found: Difference) -> None:
    if left == right and list(map(type, left)) == list(map(type, right)) and _same(left, right):
        found.equal += 1
        return
    columns = tuple(
        (column, text(ours), text(theirs))
        for column, ours, theirs in zip(mart.columns, left, right, strict=True)
        if text(ours) != text(theirs)
    )
    if not columns:
        found.equal += 1
        return
    found.differing += 1
    found.note(Example(key, columns))


def _same(left: Row, right: Row) -> bool:
    """Whether equal values are also written alike: 1.0 equals 1.00."""
    return all(
        str(ours) == str(theirs)
        for ours, theirs in zip(left, right, strict=True)
        if isinstance(ours, Decimal)
    )


def _key(row: Row | None, position: int) -> str | None:
    return None if row is None else str(row[position])


def text(value: object) -> str:
    """A value as text that is the same on every engine."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(" ", "microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return repr(value) if isinstance(value, str) else str(value)
