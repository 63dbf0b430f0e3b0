"""Peak memory of `olist land`, by the size of the data.

The process's own figure (VmHWM): Python, libraries and buffers; PostgreSQL is not in it. Each size
is landed first, and again with 1 % of its orders changed.
"""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.changed import change
from benchmarks.measure import Measure
from benchmarks.settings import Settings

_MIB = 1024**2


def measures(settings: Settings) -> Sequence[Measure]:
    """Measure at every scale; the first is that of the data in use."""
    found = []
    for number, scale in enumerate(settings.scales):
        data = settings.sample(scale) if number else settings.data
        changed = settings.scratch / f"changed-{scale:g}"
        if not changed.is_dir():
            change(data, changed)
        first, later = [], []
        for _ in range(settings.repeats):
            with settings.database():
                first.append(_peak(settings, data))
                later.append(_peak(settings, changed))
        for name, ours in ("first landing", first), ("again, 1 % of orders changed", later):
            measure = Measure(
                "memory", f"{name}, scale {scale:g}", tuple(ours), limit=150, unit="MiB"
            )
            found.append(measure)
    return found


def _peak(settings: Settings, folder: Path) -> float:
    figure = settings.scratch / "peak"
    land = ("loaders", "land", folder, "--mode", "snapshot")
    settings.run("benchmarks.peak", figure, *land)
    return int(figure.read_text("ascii")) / _MIB
