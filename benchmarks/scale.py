"""What a larger warehouse costs: making the files, landing them and building, at each scale.

Every scale has the same steps: synthetic files (1 is the size of the real data), `olist land` in an
empty database, `dbt build` with all tests. Disk is what the database takes at the end; memory is
the peak of the process (the server's is not in it).
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.dbt import Run, ask, dbt, empty, parse
from benchmarks.measure import Measure
from benchmarks.settings import Cost, Settings, run

_MB = 1e6
_ROWS = "select sum(rows_read) from raw._batches where status = 'landed'"
_DISK = """
    select nspname, sum(pg_total_relation_size(pg_class.oid)) / 1e6
    from pg_class join pg_namespace on relnamespace = pg_namespace.oid
    where relkind = 'r' and nspname in ('raw', 'marts', 'reports')
    group by nspname order by nspname
"""


@dataclass(frozen=True)
class _Steps:
    scale: float
    rows: int
    sample: Cost
    landing: Cost
    builds: tuple[Run, ...]
    disk: Sequence[tuple[str, float]]

    def walls(self) -> tuple[float, ...]:
        return tuple(run.wall for run in self.builds)

    def models(self) -> tuple[float, ...]:
        return tuple(run.models for run in self.builds)


def measures(settings: Settings) -> Sequence[Measure]:
    """Measure each scale, and compare the further ones with the first."""
    first, *larger = [_steps(settings, scale) for scale in settings.scales]
    found = []
    for one in larger:
        base, note = f"scale {first.scale:g}", f"{one.rows / first.rows:.1f} times the rows"
        limit = round(1.1 * one.scale / first.scale, 1)
        name = f"dbt build at scale {one.scale:g}"
        found += [
            Measure(name, one.walls(), base, first.walls(), limit, note=note),
            Measure(f"{name}: models", one.models(), base, first.models(), note=note),
        ]
    return [*found, *(line for one in (first, *larger) for line in _table(one))]


def _steps(settings: Settings, scale: float) -> _Steps:
    """Make, land and build one scale; the build is repeated from an empty database."""
    target, files = settings.scratch / "scale", settings.scratch / "scale-files"
    made = run("loaders", "sample", "--out", files, "--scale", f"{scale:g}")
    with settings.database():
        landing = settings.land(files)
        shutil.rmtree(files)
        parse(target)
        builds = []
        for _ in range(settings.repeats):
            empty()
            builds.append(dbt(target, "build"))
        rows = int(str(ask(_ROWS)[0][0]))
        disk = [(str(schema), float(str(size))) for schema, size in ask(_DISK)]
    return _Steps(scale, rows, made, landing, tuple(builds), disk)


def _table(one: _Steps) -> list[Measure]:
    """Seconds, disk and memory of each step."""
    memory = tuple(run.cost.memory / _MB for run in one.builds)
    lines: list[tuple[str, tuple[float, ...], str]] = [
        (f"files ({one.rows:,} rows)", (one.sample.wall,), "s"),
        ("landing", (one.landing.wall,), "s"),
        ("dbt build", one.walls(), "s"),
        ("models, sum of execution", one.models(), "s"),
        *((f"disk of {schema}", (size,), "MB") for schema, size in one.disk),
        ("memory of the loader", (one.landing.memory / _MB,), "MB"),
        ("memory of dbt", memory, "MB"),
    ]
    return [Measure(f"scale {one.scale:g}: {n}", ours, unit=unit) for n, ours, unit in lines]
