"""The picture of the star, drawn from the project: ``python -m tests.governance.erd``.

Writes docs/assets/star.svg: facts in the middle, dimensions on both sides, histories below. Tables
and columns are those of the contracts, lines those of the foreign_keys tests.
"""

import json
import textwrap
from dataclasses import dataclass
from typing import Any

from loaders.paths import project_root
from tests.governance.__main__ import FOLDER, parse

PICTURE = project_root() / "docs" / "assets" / "star.svg"
_WIDTH, _GAP, _ROW, _HEAD, _LETTERS = 270, 110, 15, 28, 40
_COLORS = ("#2f6fb3", "#2e8b57", "#b3541e", "#7a4fb5", "#b8860b", "#a83260")  # of dimensions
_RIGHT = ("dim_products", "dim_sellers", "dim_payment_types")  # what few facts point to


@dataclass
class Box:
    """A table: its keys (a foreign one with the table it points to), and other columns."""

    name: str
    keys: dict[str, str]
    others: list[str]
    x: int = 0
    y: int = 0
    color: str = "#8796a8"

    @property
    def height(self) -> int:
        """In pixels."""
        return _HEAD + _ROW * (len(self.keys) + len(self.others)) + 6


def boxes(manifest: dict[str, Any]) -> list[Box]:
    """The tables of marts in a manifest, by name."""
    targets = {
        (node["attached_node"], column): parent["to"].split("'")[1]
        for node in manifest["nodes"].values()
        if (node.get("test_metadata") or {}).get("name") == "foreign_keys"
        and node["config"]["severity"].lower() == "error"  # the others are not declared
        for column, parent in node["test_metadata"]["kwargs"]["columns"].items()
    }
    found = []
    for name, node in manifest["nodes"].items():
        if node["resource_type"] == "model" and node["path"].startswith("marts/"):
            key, *columns = node["columns"]
            keys = {key: "", **{c: targets[name, c] for c in columns if (name, c) in targets}}
            others = ", ".join(column for column in columns if column not in keys)
            found.append(Box(node["name"], keys, textwrap.wrap(others, _LETTERS)))
    return sorted(found, key=lambda box: box.name)


def draw(tables: list[Box]) -> str:
    """SVG text, the same for the same tables."""
    facts = [box for box in tables if box.name.startswith("fct_")]
    below = [box for box in tables if box.name.endswith("_history")]
    dimensions = {box.name: box for box in tables if box not in facts and box not in below}
    for box, color in zip(dimensions.values(), _COLORS, strict=True):
        box.color = color
    left = [box for name, box in dimensions.items() if name not in _RIGHT]
    stacks = (left, facts, [dimensions[name] for name in _RIGHT])
    tallest = max(sum(box.height + 20 for box in stack) for stack in stacks)
    for number, (stack, last) in enumerate(zip(stacks, below, strict=True)):
        space = (tallest - sum(box.height for box in stack)) // (len(stack) + 1)
        y = space
        for box in stack:
            box.x, box.y = 20 + number * (_WIDTH + _GAP), y
            y += box.height + space
        last.x, last.y = 20 + number * (_WIDTH + _GAP), tallest + 20
    shapes = [
        _line(fact, row, dimensions[target])
        for fact in facts
        for row, target in enumerate(fact.keys.values())
        if target in dimensions
    ]
    shapes += [shape for box in tables for shape in _shapes(box)]
    width = 3 * _WIDTH + 2 * _GAP + 40
    height = max(box.y + box.height for box in tables) + 20
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="{len(facts)} facts around {len(dimensions)} dimensions"'
        ' font-family="Helvetica, Arial, sans-serif" font-size="11" fill="#2b3846">'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    )
    return "\n".join([head, *shapes, "</svg>"]) + "\n"


def _line(fact: Box, row: int, target: Box) -> str:
    is_left = target.x < fact.x
    start, end = (fact.x, target.x + _WIDTH) if is_left else (fact.x + _WIDTH, target.x)
    y, to, bend = fact.y + _HEAD + _ROW * row + 6, target.y + _HEAD + 6, (start + end) // 2
    curve = f"M{start},{y} C{bend},{y} {bend},{to} {end},{to}"
    return f'<path d="{curve}" fill="none" stroke="{target.color}"/>'


def _shapes(box: Box) -> list[str]:
    rows = [f"{'FK' if number else 'PK'} {column}" for number, column in enumerate(box.keys)]
    return [
        f'<rect x="{box.x}" y="{box.y}" width="{_WIDTH}" height="{box.height}" rx="6"'
        f' fill="#f7f9fb" stroke="{box.color}" stroke-width="1.5"/>',
        f'<text x="{box.x + 10}" y="{box.y + 18}" font-size="14" font-weight="bold">'
        f"{box.name}</text>",
        *(
            f'<text x="{box.x + 10}" y="{box.y + _HEAD + _ROW * number + 10}"'
            f' fill="{"#2b3846" if number < len(rows) else "#5a6878"}">{text}</text>'
            for number, text in enumerate([*rows, *box.others])
        ),
    ]


if __name__ == "__main__":
    parse(project_root() / FOLDER)
    parsed = json.loads((project_root() / FOLDER / "manifest.json").read_text("utf-8"))
    PICTURE.write_text(draw(boxes(parsed)), "utf-8")
