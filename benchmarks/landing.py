"""How long `olist land` takes, process included, against `psql \\copy` and other loaders.

The reference is one psql process that copies the same nine files into new text tables, and does
nothing else. `olist land` also takes each file's checksum, refuses what is not right in it, makes
the primary keys and the indexes of an incremental run, stamps every row with its batch, keeps a
ledger, commits all nine files or none, and analyzes. So a first landing is also compared with a
psql that makes the same keys and indexes, and analyzes. Each figure starts from an empty database;
the changed files are the same with 1 % of the orders, and all that belongs to them, changed.
"""

import importlib.util
import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks import rivals
from benchmarks.changed import change
from benchmarks.measure import Measure, in_turns, seconds
from benchmarks.settings import Settings
from loaders import server
from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.tables import TABLES

PSQL = "psql \\copy"
KEYED = "psql \\copy, keys, indexes, analyze"


def measures(settings: Settings) -> Sequence[Measure]:
    """Measure the first landing, the same again, a changed one, and other loaders."""
    changed = settings.scratch / f"changed-{settings.scales[0]:g}"
    if not changed.is_dir():
        change(settings.data, changed)

    def turn() -> tuple[float, ...]:
        with settings.database():
            copy = seconds(lambda: _psql(settings.scratch, _copies(settings.data)))
        with settings.database():
            keyed = seconds(
                lambda: _psql(settings.scratch, [*_copies(settings.data), *_keys(), "analyze;"])
            )
        with settings.database():
            first = seconds(lambda: land(settings, settings.data))
            again = seconds(lambda: land(settings, settings.data))
            _check(unchanged=True)
            later = seconds(lambda: land(settings, changed))
            _check(unchanged=False)
        return copy, keyed, first, again, later

    copy, keyed, first, again, later = zip(*(turn() for _ in range(settings.repeats)), strict=True)

    def against_copy(name: str, ours: tuple[float, ...], limit: float) -> Measure:
        return Measure("landing", name, ours, PSQL, copy, limit)

    return [
        against_copy("first landing", first, 1.25),
        Measure("landing", "first landing, with all that it makes", first, KEYED, keyed),
        against_copy("again, nothing changed", again, 0.15),
        against_copy("again, 1 % of orders changed (snapshot)", later, 2),
        *(_rival(settings, name, first) for name in rivals.NAMES if _installed(name)),
    ]


def land(settings: Settings, folder: Path) -> None:
    """Land a folder as a snapshot, as a user would."""
    settings.run("loaders", "land", folder, "--mode", "snapshot")


def _psql(scratch: Path, statements: Sequence[str]) -> None:
    psql = server.find_psql()
    if psql is None:
        raise LoaderError("psql was not found: install a PostgreSQL client, or set PGBIN.")
    script = scratch / "copy.sql"
    script.write_text("\n".join(statements), "utf-8")
    command = (str(psql), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(script))
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise LoaderError(f"psql failed: {done.stderr.strip()}")


def _copies(data: Path) -> list[str]:
    lines = []
    for table in TABLES:
        columns = ", ".join(f"{name} text" for name in table.columns)
        path = str(data / table.file).replace("'", "''")
        lines.append(f"create table {table.name} ({columns});")
        lines.append(f"\\copy {table.name} from '{path}' (format csv, header, encoding 'UTF8')")
    return lines


def _keys() -> list[str]:
    """The primary keys and indexes that a landing makes, but those on its batch's number."""
    lines = []
    for table in TABLES:
        if table.key:
            lines.append(f"alter table {table.name} add primary key ({', '.join(table.key)});")
        lines += [f"create index on {table.name} ({column});" for column in table.lookups]
    return lines


def _rival(settings: Settings, name: str, first: tuple[float, ...]) -> Measure:
    def run() -> float:
        with settings.database():
            return seconds(lambda: settings.run("benchmarks.rivals", name, settings.data))

    (theirs,) = in_turns(1, run)
    return Measure(
        "landing",
        f"first landing, against {name}",
        first,
        name,
        theirs,
        limit=5,
        at_least=True,
        note=f"{rivals.NAMES[name]}; measured once",
    )


def _installed(name: str) -> bool:
    lacking = [need for need in rivals.NEEDS[name] if importlib.util.find_spec(need) is None]
    if lacking:
        print(f"{name} is left out: {', '.join(lacking)} is not installed (.[bench])")
    return not lacking


def _check(*, unchanged: bool) -> None:
    """Raise LoaderError when the last landing did not do what is measured here."""
    with connect() as link, link.cursor() as cursor:
        cursor.execute(
            "select status = 'unchanged', rows_changed > 0 and rows_new + rows_removed = 0"
            " from raw._batches order by batch_id desc limit 1"
        )
        if cursor.fetchall() != [(unchanged, not unchanged)]:
            raise LoaderError("The landing that was measured did not write what it should have.")
