"""The picture of the star, drawn from the project: ``python -m tests.governance.erd``.

Writes docs/assets/star.svg: facts in the middle, dimensions on both sides, histories below. Tables
and columns are those of the contracts, lines those of the foreign_keys tests.
"""

import json
import re
import textwrap
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from loaders.paths import project_root
from tests.governance.__main__ import FOLDER, parse

PICTURE = Path("docs") / "assets" / "star.svg"
_WIDTH, _GAP, _ROW, _HEAD, _LETTERS = 270, 110, 15, 40, 40
_COLORS = ("#2f6fb3", "#2e8b57", "#b3541e", "#7a4fb5", "#b8860b", "#a83260", "#3a8f9e", "#5d6b7a")
_RIGHT = ("dim_products", "dim_sellers", "dim_payment_types")  # what few facts point to


@dataclass
class Box:
    """A table: its grain, its keys (a foreign one with the table it points to), other columns."""

    name: str
    grain: str
    keys: dict[str, str | None]
    others: list[str]
    x: int = 0
    y: int = 0
    color: str = "#8796a8"

    @property
    def height(self) -> int:
        """In pixels."""
        return _HEAD + _ROW * (len(self.keys) + len(self.others)) + 6

    def row(self, column: str) -> int:
        """Middle of a key's row."""
        return self.y + _HEAD + _ROW * list(self.keys).index(column) + 6


def boxes(manifest: dict[str, Any]) -> list[Box]:
    """The tables of marts in a manifest, by name."""
    nodes = manifest["nodes"].values()
    edges = {
        (node["attached_node"], column): parent["to"].split("'")[1]
        for node in nodes
        if (node.get("test_metadata") or {}).get("name") == "foreign_keys"
        for column, parent in node["test_metadata"]["kwargs"]["columns"].items()
    }
    found = []
    for node in nodes:
        if node["resource_type"] != "model" or node["path"].split("/")[0] != "marts":
            continue
        key, *others = node["columns"]
        keys = {key: edges.get((node["unique_id"], key))}
        keys |= {c: edges[node["unique_id"], c] for c in others if (node["unique_id"], c) in edges}
        rest = textwrap.wrap(", ".join(c for c in others if c not in keys), _LETTERS)
        grain = re.split(r"[,;.(]", node["description"].removeprefix("One row per "))[0].strip()
        found.append(Box(node["name"], grain, keys, rest))
    return sorted(found, key=lambda box: box.name)


def draw(tables: list[Box]) -> str:
    """SVG text, the same for the same tables."""
    facts = [box for box in tables if box.name.startswith("fct_")]
    below = [box for box in tables if box.name.endswith("_history")]
    dimensions = [box for box in tables if box not in facts and box not in below]
    for box, color in zip(dimensions, _COLORS, strict=False):
        box.color = color
    right = [box for name in _RIGHT for box in dimensions if box.name == name]
    left = [box for box in dimensions if box not in right]
    stacks = (left, facts, right)
    tallest = max(sum(box.height + 20 for box in stack) for stack in stacks)
    for number, stack in enumerate(stacks):
        space = (tallest - sum(box.height for box in stack)) // (len(stack) + 1)
        y = 0
        for box in stack:
            box.x, box.y = 20 + number * (_WIDTH + _GAP), y + space
            y = box.y + box.height
    for number, box in enumerate(below):
        box.x, box.y = 20 + number * (_WIDTH + _GAP), tallest + 20
    by_name = {box.name: box for box in tables}
    shapes = [line for fact in facts for line in _lines(fact, by_name)]
    shapes += [shape for box in tables for shape in _shapes(box, by_name)]
    width = 3 * _WIDTH + 2 * _GAP + 40
    height = max(box.y + box.height for box in tables) + 20
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"'
        f' aria-label="{len(facts)} facts around {len(dimensions)} dimensions"'
        ' font-family="Helvetica, Arial, sans-serif" font-size="11" fill="#2b3846">'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    )
    return "\n".join([head, *shapes, "</svg>"]) + "\n"


def _lines(fact: Box, by_name: dict[str, Box]) -> list[str]:
    found = []
    for column, name in fact.keys.items():
        target = by_name.get(name or "")
        if target and target is not fact and not target.name.startswith("fct_"):
            is_left = target.x < fact.x
            start = fact.x + (0 if is_left else _WIDTH)
            end, bend = target.x + (_WIDTH if is_left else 0), _GAP // 2 * (-1 if is_left else 1)
            y, to = fact.row(column), target.row(next(iter(target.keys)))
            curve = f"M{start},{y} C{start + bend},{y} {end - bend},{to} {end},{to}"
            found.append(f'<path d="{curve}" fill="none" stroke="{target.color}"/>')
    return found


def _shapes(box: Box, by_name: dict[str, Box]) -> list[str]:
    found = [
        f'<rect x="{box.x}" y="{box.y}" width="{_WIDTH}" height="{box.height}" rx="6"'
        f' fill="#f7f9fb" stroke="{box.color}" stroke-width="1.5"/>',
        f'<text x="{box.x + 10}" y="{box.y + 17}" font-size="14" font-weight="bold">'
        f"{box.name}</text>",
        f'<text x="{box.x + 10}" y="{box.y + 31}" font-style="italic">{escape(box.grain)}</text>',
    ]
    for number, (column, name) in enumerate(box.keys.items()):
        color = by_name[name].color if name in by_name else box.color
        mark = f"{column} → {name}" if name and not box.name.startswith("fct_") else column
        label = f'<tspan fill="{color}" font-weight="bold">{"FK" if number else "PK"}</tspan>'
        found.append(f'<text x="{box.x + 10}" y="{box.row(column) + 4}">{label} {mark}</text>')
    for number, line in enumerate(box.others, start=len(box.keys)):
        y = box.y + _HEAD + _ROW * number + 10
        found.append(f'<text x="{box.x + 10}" y="{y}" fill="#5a6878">{escape(line)}</text>')
    return found


def current() -> str:
    """The picture of the project as it is."""
    folder = project_root() / FOLDER
    parse(folder)
    return draw(boxes(json.loads((folder / "manifest.json").read_text("utf-8"))))


if __name__ == "__main__":
    (project_root() / PICTURE).write_text(current(), "utf-8")
