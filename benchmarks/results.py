"""The figures that are kept: ``results.json``, an entry a group, and ``results.md`` made of it."""

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.groups import GROUPS, OTHERS
from benchmarks.measure import Measure
from loaders.text_table import print_table

Results = dict[str, dict[str, Any]]

_COLUMNS = ("measure", "ours", "reference", "its figure", "ratio", "goal", "holds")
_FIGURES = {"ours", "its figure", "ratio", "goal"}
_INTRODUCTION = """\
# Results of `make bench`

Made by the bench, not by hand. Figures are medians, taken in turns with their reference in the
same run on the same machine; what counts is the ratio. What is measured and how to run it:
[docs/performance.md](../docs/performance.md).
"""


def load(file: Path) -> Results:
    """Read the results that are kept; none where there is no file."""
    return json.loads(file.read_text("utf-8")) if file.is_file() else {}


def keep(folder: Path, group: str, measures: Sequence[Measure], told: Mapping[str, Any]) -> None:
    """Write the figures of a group, and what is ``told`` of its run; other groups stay."""
    folder.mkdir(parents=True, exist_ok=True)
    results = load(folder / "results.json")
    results[group] = {**told, "measures": [asdict(measure) for measure in measures]}
    ordered = {name: results[name] for name in (*GROUPS, *OTHERS) if name in results}
    text = json.dumps(ordered, indent=1, ensure_ascii=False)
    (folder / "results.json").write_text(text + "\n", "utf-8")
    (folder / "results.md").write_text(render(ordered), "utf-8")


def render(results: Results) -> str:
    """All groups as Markdown."""
    parts = [_INTRODUCTION]
    for group, entry in results.items():
        rows = [_cells(Measure(**measure)) for measure in entry["measures"]]
        notes = [
            f"- {measure['name']}: {measure['note']}"
            for measure in entry["measures"]
            if measure["note"]
        ]
        run = (
            f"`{entry['command']}`, {entry['date']}, commit {entry['commit']}, data:"
            f" {entry['data']}. {entry['machine']}; {entry['system']}; {entry['versions']}."
            f" Medians of {entry['repeats']}; it took {entry['seconds']:,.0f} s."
        )
        parts.append(f"## {group}\n\n{entry['about']}\n")
        parts.append("\n".join(_markdown(rows)) + "\n")
        if notes:
            parts.append("\n".join(notes) + "\n")
        parts.append(run + "\n")
    return "\n".join(parts)


def show(measures: Iterable[Measure]) -> None:
    """Print the figures of a group."""
    print_table(_COLUMNS, [_cells(measure) for measure in measures], print)


def _markdown(rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [_COLUMNS, tuple("---:" if name in _FIGURES else "---" for name in _COLUMNS), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _cells(measure: Measure) -> tuple[str, ...]:
    ratio = ""
    if measure.reference:
        ratio = f"{measure.value:.2f} ×" + (" faster" if measure.at_least else "")
    return (
        measure.name,
        _figure(statistics.median(measure.ours), measure.unit),
        measure.reference_name,
        _figure(statistics.median(measure.reference), measure.unit) if measure.reference else "",
        ratio,
        _goal(measure),
        {True: "yes", False: "**no**", None: ""}[measure.holds],
    )


def _goal(measure: Measure) -> str:
    if measure.limit is None:
        return ""
    sign = "≥" if measure.at_least else "≤"
    if measure.reference:
        return f"{sign} {measure.limit:g} ×"
    return f"{sign} {_figure(measure.limit, measure.unit)}"


def _figure(value: float, unit: str) -> str:
    digits = 3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0  # noqa: PLR2004
    return f"{value:,.{digits}f} {unit}"
