"""One figure of ``benchmarks/results.md``: what ours and a reference cost, taken in turns."""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Measure:
    """A line of the table.

    ``ours`` and ``reference`` hold one figure a repetition, in ``unit``; ``reference`` is empty for
    a figure that stands alone (memory, disk). ``limit`` is the goal for the ratio of the medians,
    or, without a reference, for the median of ours; ``at_least`` turns the comparison round.
    """

    group: str
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

    def as_dict(self) -> dict[str, Any]:
        """For a file of JSON."""
        return asdict(self)


def seconds(work: Callable[[], object]) -> float:
    """Wall time of a call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def in_turns(repeats: int, *works: Callable[[], float]) -> tuple[tuple[float, ...], ...]:
    """Figures of several works, each made ``repeats`` times, in turns: a slow minute hits all."""
    rounds = [[work() for work in works] for _ in range(repeats)]
    return tuple(zip(*rounds, strict=True))
