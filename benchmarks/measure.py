"""One figure of ``benchmarks/results.md``, and the file itself: a section per group."""

import re
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_COLUMNS = ("measure", "ours", "reference", "its figure", "ratio", "goal", "holds")
_INTRODUCTION = """\
# Results of `make bench`

Made by the bench, not by hand. Figures are medians, taken in turns with their reference in the
same run on the same machine; what counts is the ratio. What is measured and how to run it:
[docs/performance.md](../docs/performance.md).
"""


@dataclass(frozen=True)
class Measure:
    """A line of the table.

    ``ours`` and ``reference`` hold one figure per repetition, in ``unit``; ``reference`` is empty
    for a figure that stands alone (memory, disk). ``limit`` is the goal for the ratio of the
    medians, or, without a reference, for the median of ours; ``at_least`` turns it round.
    """

    name: str
    ours: tuple[float, ...]
    reference_name: str = ""
    reference: tuple[float, ...] = ()
    limit: float | None = None
    at_least: bool = False
    unit: str = "s"
    note: str = ""

    @property
    def value(self) -> float:
        """The figure that is compared with the limit."""
        ours = statistics.median(self.ours)
        if not self.reference:
            return ours
        reference = statistics.median(self.reference)
        return reference / ours if self.at_least else ours / reference

    @property
    def holds(self) -> bool | None:
        """Whether the goal is met; None where there is none."""
        if self.limit is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def cells(self) -> tuple[str, ...]:
        """The line in words."""
        sign = "≥" if self.at_least else "≤"
        ratio, goal, theirs = "", "", ""
        if self.reference:
            theirs = _figure(statistics.median(self.reference), self.unit)
            ratio = f"{self.value:.2f} ×" + (" faster" if self.at_least else "")
        if self.limit is not None:
            goal = f"{self.limit:g} ×" if self.reference else _figure(self.limit, self.unit)
            goal = f"{sign} {goal}"
        holds = {True: "yes", False: "**no**", None: ""}[self.holds]
        ours = _figure(statistics.median(self.ours), self.unit)
        return (self.name, ours, self.reference_name, theirs, ratio, goal, holds)


def seconds(work: Callable[[], object]) -> float:
    """Wall time of a call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turns(repeats: int, *works: Callable[[], float]) -> tuple[tuple[float, ...], ...]:
    """Figures of several works, each made ``repeats`` times, in turns: a slow minute hits all."""
    rounds = [[work() for work in works] for _ in range(repeats)]
    return tuple(zip(*rounds, strict=True))


def section(about: str, measures: Sequence[Measure], run: str) -> str:
    """A group as Markdown: what it measures, the table, notes, and how it was run."""
    notes = [f"- {measure.name}: {measure.note}" for measure in measures if measure.note]
    table = _table(_COLUMNS, [measure.cells() for measure in measures])
    return "\n\n".join(part for part in (about, table, "\n".join(notes), run) if part) + "\n"


def keep(file: Path, group: str, text: str, order: Sequence[str]) -> None:
    """Put a group's section into the file; the other groups stay."""
    written = file.read_text("utf-8") if file.is_file() else ""
    sections = dict(re.findall(r"^## (\w+)\n\n(.*?)(?=^## |\Z)", written, re.MULTILINE | re.DOTALL))
    sections[group] = text
    parts = [f"## {name}\n\n{sections[name].strip()}\n" for name in order if name in sections]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([_INTRODUCTION, *parts]), "utf-8")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    marks = ["---" if name in {"measure", "reference", "holds"} else "---:" for name in heads]
    return "\n".join("| " + " | ".join(line) + " |" for line in (heads, marks, *rows))


def _figure(value: float, unit: str) -> str:
    digits = 3 if value < 1 else 2 if value < 10 else 1 if value < 100 else 0  # noqa: PLR2004
    return f"{value:,.{digits}f} {unit}"


def words(facts: Mapping[str, object]) -> str:
    """How a group was run, in one line."""
    return "; ".join(f"{name} {value}" for name, value in facts.items()) + "."
