"""How long `olist land` takes, process included, against `psql \\copy`, and its memory.

The reference is one psql process that copies the same nine files into new text tables, and does
nothing else. `olist land` also takes each file's checksum, refuses what is not right in it, makes
the indexes of an incremental run, stamps every row with its batch, keeps a ledger, commits all nine
files or none, and analyzes. So a first landing is also compared with a psql that makes the same
indexes, and analyzes. Each first landing starts from an empty database; the changed files are the
same with 1 % of the orders, and all that belongs to them, changed. Memory is the peak of the
loader's own process (VmHWM): Python, libraries and buffers, at each scale.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks.changes import change
from benchmarks.dbt import ask
from benchmarks.measure import Measure, seconds
from benchmarks.settings import Settings
from loaders import server
from loaders.errors import LoaderError
from loaders.tables import TABLES

PSQL = "psql \\copy"
KEYED = "psql \\copy, indexes, analyze"
_MIB = 1024**2


def measures(settings: Settings) -> Sequence[Measure]:
    """Measure the first landing from zip and folder, the same again, a changed one, and memory."""
    changed = _changed(settings, settings.data, settings.scales[0])
    figures: dict[str, list[float]] = {}
    peaks: dict[str, list[float]] = {}

    def landed(name: str, location: Path) -> None:
        cost = settings.land(location)
        figures.setdefault(name, []).append(cost.wall)
        peaks.setdefault(name, []).append(cost.memory / _MIB)

    for _ in range(settings.repeats):
        for name, statements in ((PSQL, []), (KEYED, [*_keys(), "analyze;"])):
            with settings.database():
                took = seconds(lambda more=statements: _psql(settings, more))  # type: ignore[misc]
                figures.setdefault(name, []).append(took)
        with settings.database():
            landed("first landing from a folder", settings.data)
            landed("1 % of orders changed (snapshot)", changed)
            _check(unchanged=False)
        with settings.database():
            landed("first landing from the zip", settings.archive)
            landed("the same zip again", settings.archive)
            _check(unchanged=True)
    for scale in settings.scales[1:]:
        with settings.database():
            data = settings.sample(scale)
            for name, location in (
                (f"first landing, scale {scale:g}", data),
                (f"1 % of orders changed, scale {scale:g}", _changed(settings, data, scale)),
            ):
                peaks[name] = [settings.land(location).memory / _MIB]

    def against(name: str, reference: str, limit: float | None, more: str = "") -> Measure:
        theirs = tuple(figures[reference])
        return Measure(name + more, tuple(figures[name]), reference, theirs, limit)

    return [
        against("first landing from the zip", PSQL, 1.5),
        against("first landing from a folder", PSQL, 1.2),
        against("first landing from a folder", KEYED, None, ", with all that it makes"),
        against("the same zip again", PSQL, 0.2),
        against("1 % of orders changed (snapshot)", PSQL, 1.5),
        *(
            Measure(f"memory: {name}", tuple(found), limit=100, unit="MiB")
            for name, found in peaks.items()
        ),
    ]


def _changed(settings: Settings, data: Path, scale: float) -> Path:
    folder = settings.scratch / f"changed-{scale:g}"
    if not folder.is_dir():
        change(data, folder)
    return folder


def _psql(settings: Settings, more: Sequence[str]) -> None:
    psql = server.find_psql()
    if psql is None:
        raise LoaderError("psql was not found: install a PostgreSQL client, or set PGBIN.")
    lines = []
    for table in TABLES:
        columns = ", ".join(f"{name} text" for name in table.columns)
        path = str(settings.data / table.file).replace("'", "''")
        lines.append(f"create table {table.name} ({columns});")
        lines.append(f"\\copy {table.name} from '{path}' (format csv, header, encoding 'UTF8')")
    script = settings.scratch / "copy.sql"
    script.write_text("\n".join([*lines, *more]), "utf-8")
    command = (str(psql), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(script))
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise LoaderError(f"psql failed: {done.stderr.strip()}")


def _keys() -> list[str]:
    """The indexes on keys: those of closed versions are empty after a first landing."""
    lines = []
    for table in TABLES:
        if table.key:
            key = ", ".join(table.key)
            lines.append(f"create unique index on {table.name} ({key});")
    return lines


def _check(*, unchanged: bool) -> None:
    """Raise LoaderError when the last landing did not do what is measured here."""
    found = ask(
        "select status = 'unchanged', rows_changed > 0 and rows_new + rows_removed = 0"
        " from raw._batches order by batch_id desc limit 1"
    )
    if found != [(unchanged, not unchanged)]:
        raise LoaderError("The landing that was measured did not write what it should have.")
