"""Draws the star as SVG: facts in the middle, the dimensions they point to on both sides.

A dimension that several facts share is on the left, any other on the right; a table that no fact
points to (a history) is in the row below. Each foreign key of a fact is a line in the colour of its
dimension; a key from dimension to dimension, or from fact to fact, is named in its row.
"""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

from tests.governance.star import Table

_FACT_WIDTH, _DIMENSION_WIDTH, _GAP, _MARGIN = 290, 235, 120, 20
_WIDTH = 2 * (_MARGIN + _DIMENSION_WIDTH + _GAP) + _FACT_WIDTH
_HEAD, _ROW, _LINE, _SPACE = 44, 17, 13, 22
_LETTER = 5.3  # width in pixels of a letter of the small font
_SHARED = 2  # facts that point to a dimension on the left
_COLOURS = ("#2f6fb3", "#2e8b57", "#b3541e", "#7a4fb5", "#b8860b", "#a83260", "#3a8f9e", "#5d6b7a")
_GREY = "#8796a8"
_FONT = 'font-family="Helvetica, Arial, sans-serif"'


@dataclass(frozen=True)
class _Box:
    table: Table
    x: float
    y: float
    width: float
    colour: str
    fill: str

    @property
    def height(self) -> float:
        return _height(self.table, self.width)

    def row(self, column: str) -> float:
        """Middle of a key's row."""
        index = [key.column for key in self.table.keys].index(column)
        return self.y + _HEAD + _ROW * index + _ROW / 2 + 3


def draw(tables: list[Table]) -> str:
    """SVG text, the same for the same tables."""
    pointed = {name: _pointing(tables, name) for name in (table.name for table in tables)}
    facts = [table for table in tables if table.is_fact]
    facts.sort(key=lambda fact: (-len(pointed[fact.name]), fact.name))
    dimensions = [table for table in tables if not table.is_fact]
    left = [table for table in dimensions if len(pointed[table.name]) >= _SHARED]
    right = [table for table in dimensions if len(pointed[table.name]) in range(1, _SHARED)]
    below = [table for table in dimensions if not pointed[table.name]]
    colours = dict.fromkeys((table.name for table in below), _GREY)
    colours |= {
        table.name: _COLOURS[index % len(_COLOURS)] for index, table in enumerate([*left, *right])
    }

    middle = _MARGIN + _DIMENSION_WIDTH + _GAP
    stack = [(fact, "#d9963a", "#fdf3e4") for fact in facts]
    boxes = {box.table.name: box for box in _column(stack, middle, _MARGIN, _FACT_WIDTH)}
    bottom = max((box.y + box.height for box in boxes.values()), default=_MARGIN)
    far = middle + _FACT_WIDTH + _GAP
    for side, x in ((left, _MARGIN), (right, far)):
        ordered = sorted(side, key=lambda table: (_pull(table, boxes), table.name))
        stack = [(table, colours[table.name], "#f4f8fc") for table in ordered]
        for box in _column(stack, x, _MARGIN, _DIMENSION_WIDTH, bottom):
            boxes[box.table.name] = box
    bottom = max((box.y + box.height for box in boxes.values()), default=bottom)
    y = bottom + 2 * _SPACE
    for index, table in enumerate(below):
        per_row = max(1, int((_WIDTH - _MARGIN) // (_FACT_WIDTH + _SPACE)))
        if index and index % per_row == 0:
            y = bottom + 2 * _SPACE
        x = _MARGIN + (index % per_row) * (_FACT_WIDTH + _SPACE)
        boxes[table.name] = _Box(table, x, y, _FACT_WIDTH, colours[table.name], "#f7f7f9")
        bottom = max(bottom, y + boxes[table.name].height)

    shapes = [*_lines(boxes), *(part for box in boxes.values() for part in _draw(box, boxes))]
    height = round(bottom + _MARGIN)
    label = f"The star: {len(facts)} facts around {len(left) + len(right)} conformed dimensions"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}"'
        f' height="{height}" role="img" aria-label="{label}">'
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>'
    )
    return "\n".join([head, *shapes, "</svg>"]) + "\n"


def _pointing(tables: list[Table], name: str) -> list[str]:
    return [
        table.name
        for table in tables
        if table.is_fact and any(key.target == name for key in table.keys)
    ]


def _pull(table: Table, facts: dict[str, _Box]) -> float:
    """Mean height of the rows that point to a dimension, so that few lines cross."""
    rows = [
        box.row(key.column)
        for box in facts.values()
        for key in box.table.keys
        if key.target == table.name
    ]
    return sum(rows) / max(1, len(rows))


def _column(
    stack: list[tuple[Table, str, str]], x: float, top: float, width: float, bottom: float = 0
) -> Iterator[_Box]:
    """Boxes one below the other; spread over the height where that is more than they need."""
    free = bottom - top - sum(_height(table, width) for table, _, _ in stack)
    space = max(_SPACE, free / (len(stack) + 1))
    y = top if free <= 0 else top + max(0, free - space * (len(stack) - 1)) / 2
    for table, colour, fill in stack:
        yield _Box(table, x, round(y, 1), width, colour, fill)
        y += _height(table, width) + space


def _wrapped(table: Table, width: float) -> list[str]:
    return textwrap.wrap(", ".join(table.others), int((width - 20) / _LETTER))


def _height(table: Table, width: float) -> float:
    text = _wrapped(table, width)
    return _HEAD + _ROW * len(table.keys) + 8 + (_LINE * len(text) + 8 if text else 0)


def _lines(boxes: dict[str, _Box]) -> Iterator[str]:
    for fact in [box for box in boxes.values() if box.table.is_fact]:
        for key in fact.table.keys:
            target = boxes.get(key.target or "")
            if target is None or target.table.is_fact:
                continue
            leftward = target.x < fact.x
            start = fact.x if leftward else fact.x + fact.width
            end = target.x + target.width if leftward else target.x
            first = next(k.column for k in target.table.keys if k.primary)
            y1, y2, bend = fact.row(key.column), target.row(first), (start + end) / 2
            yield (
                f'<path d="M{start:g},{y1:g} C{bend:g},{y1:g} {bend:g},{y2:g} {end:g},{y2:g}"'
                f' fill="none" stroke="{target.colour}" stroke-width="1.3" opacity="0.75"/>'
                f'<circle cx="{start:g}" cy="{y1:g}" r="2.4" fill="{target.colour}"/>'
            )


def _draw(box: _Box, boxes: dict[str, _Box]) -> Iterator[str]:
    x, y = box.x + 10, box.y
    yield (
        f'<rect x="{box.x:g}" y="{y:g}" width="{box.width:g}" height="{box.height:g}" rx="6"'
        f' fill="{box.fill}" stroke="{box.colour}" stroke-width="1.5"/>'
    )
    yield _text(x, y + 19, box.table.name, 14, "#1d2733", 'font-weight="bold"')
    yield _text(x, y + 35, box.table.grain, 11, "#5a6878", 'font-style="italic"')
    yield (
        f'<line x1="{box.x:g}" y1="{y + _HEAD - 2:g}" x2="{box.x + box.width:g}"'
        f' y2="{y + _HEAD - 2:g}" stroke="{box.colour}" stroke-width="0.8"/>'
    )
    for key in box.table.keys:
        target = boxes.get(key.target or "")
        drawn = target is not None and box.table.is_fact and not target.table.is_fact
        base = box.row(key.column) + 4
        colour = target.colour if target is not None else "#8a5a14"
        yield _text(x, base, "PK" if key.primary else "FK", 9.5, colour, 'font-weight="bold"')
        yield _text(x + 22, base, key.column, 12, "#2b3846")
        if target is not None and not drawn:
            after = x + 22 + 6.3 * len(key.column) + 6
            yield _text(after, base, f"→ {target.table.name}", 10, "#5a6878")
    yield from _paragraph(box, x)


def _paragraph(box: _Box, x: float) -> Iterator[str]:
    y = box.y + _HEAD + _ROW * len(box.table.keys) + 18
    for line in _wrapped(box.table, box.width):
        yield _text(x, y, line, 10.5, "#5a6878")
        y += _LINE


def _text(x: float, y: float, words: str, size: float, fill: str, *more: str) -> str:
    style: Iterable[str] = (_FONT, f'font-size="{size:g}"', f'fill="{fill}"', *more)
    return f'<text x="{x:g}" y="{y:g}" {" ".join(style)}>{escape(words)}</text>'
