"""Whether 46 million rows, thirty times the real data, build on this machine, and what they take.

One pass over the steps of group scale: files, `olist land`, `dbt build` with all tests. It takes
long, so it runs only when it is named: `python -m benchmarks --only scale30`.
"""

from collections.abc import Sequence
from dataclasses import replace

from benchmarks import scale
from benchmarks.measure import Measure
from benchmarks.settings import Settings

SCALE = 30.0


def measures(settings: Settings) -> Sequence[Measure]:
    """Measure it once."""
    lines = scale.table(scale.steps(settings, SCALE, 1))
    return [replace(line, group="scale30") for line in lines]
