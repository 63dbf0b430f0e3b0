"""What a larger warehouse costs: making the files, landing them and building, at each scale.

Every scale has the same steps: synthetic files (1 is the size of the real data), `olist land` in an
empty database, `dbt build` with all tests. Disk is what the database takes at the end; memory is
the peak of the process, and of all processes of the server while dbt builds (every half second).
"""

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks.dbt import Run, ask, dbt, empty, parse
from benchmarks.measure import Measure
from benchmarks.peak import size_in
from benchmarks.settings import Cost, Settings, run
from loaders import connection

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
    server: int
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
        limit = round(0.6 * one.scale / first.scale, 1)
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
        with _server_memory() as seen:
            for _ in range(settings.repeats):
                empty()
                builds.append(dbt(target, "build"))
        rows = int(str(ask(_ROWS)[0][0]))
        disk = [(str(schema), float(str(size))) for schema, size in ask(_DISK)]
    return _Steps(scale, rows, made, landing, tuple(builds), max(seen), disk)


@contextmanager
def _server_memory() -> Iterator[list[int]]:
    """Bytes that the server's processes have, again and again: what they share counts once.

    Zeros where Linux does not say it, or the server is on another machine.
    """
    seen, stop = [0], threading.Event()

    def watch() -> None:
        with connection.connect() as link, suppress(OSError):
            own = Path(f"/proc/{link.info.backend_pid}")
            if "postgres" not in (own / "comm").read_text("utf-8"):
                return
            postmaster = (own / "stat").read_text("utf-8").rpartition(")")[2].split()[1]
            children = Path(f"/proc/{postmaster}/task/{postmaster}/children")
            while not stop.wait(0.5):
                found = [postmaster, *children.read_text("ascii").split()]
                # PSS: of what processes share, each has its part.
                seen.append(
                    sum(size_in(Path(f"/proc/{one}/smaps_rollup"), "Pss:") for one in found)
                )

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        stop.set()
        watcher.join()


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
        *([("memory of the server", (one.server / _MB,), "MB")] if one.server else []),
    ]
    return [Measure(f"scale {one.scale:g}: {n}", ours, unit=unit) for n, ours, unit in lines]
