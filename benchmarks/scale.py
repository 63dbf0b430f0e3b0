"""What a larger warehouse costs: making the files, landing them and building, at each scale.

Every scale has the same steps: synthetic files (1 is the size of the real data), `olist land` in an
empty database, `dbt build` with all tests. Disk is what the database takes at the end; the log
(WAL) and temporary files are those of the build. Memory is the highest sum of the server's
processes, looked at twice a second, and the peak of the other processes.
"""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks import process, server_memory
from benchmarks.dbt_run import Run, dbt, parse
from benchmarks.measure import Measure
from benchmarks.settings import Settings
from benchmarks.warehouse import ask, empty, in_use

MB = 1e6
_RAW_ROWS = "select sum(rows_read) from raw._batches where status = 'landed'"
_DISK = """
    select
        sum(size) filter (where nspname = 'raw'),
        sum(size) filter (where nspname = 'marts'),
        pg_database_size(current_database())
    from (
        select nspname, pg_total_relation_size(pg_class.oid) as size
        from pg_class join pg_namespace on relnamespace = pg_namespace.oid
        where relkind = 'r'
    ) as tables
"""
_WRITTEN = """
    select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0'), temp_bytes
    from pg_stat_database where datname = current_database()
"""


@dataclass(frozen=True)
class Steps:
    """Figures of one scale: seconds, bytes, and rows of raw."""

    scale: float
    rows: int
    sample: process.Cost
    landing: process.Cost
    builds: tuple[Run, ...]
    server: tuple[int | None, int | None]
    raw: int
    marts: int
    database: int
    log: int
    temporary: int

    def builds_by(self, figure: Callable[[Run], float]) -> tuple[float, ...]:
        """A figure of every build."""
        return tuple(map(figure, self.builds))


def measures(settings: Settings) -> Sequence[Measure]:
    """Measure each scale, and compare the further ones with the first."""
    first, *larger = [steps(settings, scale, settings.repeats) for scale in settings.scales]
    found = []
    for one in larger:
        ratio = one.scale / first.scale
        found += [
            _compared("dbt build", one, first, lambda run: run.wall, round(1.1 * ratio, 1)),
            _compared("models, sum of execution", one, first, _models),
        ]
    return [*found, *(line for one in (first, *larger) for line in table(one))]


def steps(settings: Settings, scale: float, repeats: int) -> Steps:
    """Make, land and build one scale; the build is repeated from an empty database."""
    target = settings.scratch / "scale"
    files = settings.scratch / "scale-files"
    made = process.run("loaders", "sample", "--out", files, "--scale", f"{scale:g}")
    with settings.database() as variables, in_use(variables):
        with server_memory.watched() as landing_peak:
            landing = process.run("loaders", "land", "--mode", "snapshot", files)
        shutil.rmtree(files)
        parse(target)
        builds = []
        with server_memory.watched() as building_peak:
            for _ in range(repeats):
                empty()
                before = _numbers(_WRITTEN)
                builds.append(dbt(target, "build"))
                written = [now - then for now, then in zip(_numbers(_WRITTEN), before, strict=True)]
        raw, marts, database = _numbers(_DISK)
        (rows,) = _numbers(_RAW_ROWS)
    return Steps(
        *(scale, rows, made, landing, tuple(builds)),
        server=(landing_peak.total, building_peak.total),
        raw=raw,
        marts=marts,
        database=database,
        log=written[0],
        temporary=written[1],
    )


def table(one: Steps) -> list[Measure]:
    """Seconds, disk and memory of each step."""

    def line(name: str, figures: tuple[float, ...], unit: str, note: str = "") -> Measure:
        return Measure("scale", f"scale {one.scale:g}: {name}", figures, unit=unit, note=note)

    lines = [
        line("files", (one.sample.wall,), "s", f"{one.rows:,} rows"),
        line("landing", (one.landing.wall,), "s"),
        line("dbt build", one.builds_by(lambda run: run.wall), "s"),
        line("models, sum of execution", one.builds_by(_models), "s"),
        line("disk of raw", (one.raw / MB,), "MB"),
        line("disk of marts", (one.marts / MB,), "MB"),
        line("disk of the database", (one.database / MB,), "MB"),
        line("log (WAL) of a build", (one.log / MB,), "MB"),
        line("temporary files of a build", (one.temporary / MB,), "MB", "all that were written"),
        line("memory of the loader", (one.landing.memory / MB,), "MB"),
        line("memory of dbt", one.builds_by(lambda run: run.cost.memory / MB), "MB"),
    ]
    for name, peak in zip(("landing", "dbt build"), one.server, strict=True):
        if peak is not None:
            lines.append(line(f"memory of the server, {name}", (peak / MB,), "MB"))
    return lines


def _compared(
    name: str, one: Steps, base: Steps, figure: Callable[[Run], float], limit: float | None = None
) -> Measure:
    return Measure(
        "scale",
        f"{name} at scale {one.scale:g}",
        one.builds_by(figure),
        f"scale {base.scale:g}",
        base.builds_by(figure),
        limit,
        note=f"{one.rows / base.rows:.1f} times the rows",
    )


def _models(run: Run) -> float:
    return run.execution("model")


def _numbers(query: str) -> list[int]:
    return [int(str(figure or 0)) for figure in ask(query)[0]]
