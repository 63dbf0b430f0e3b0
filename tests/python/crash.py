"""Loads that are killed, and what of a database has to be the same as if they had not been."""

import multiprocessing
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

from tqdm import tqdm

from concurrency import Rows, ask
from loaders.cli import main
from loaders.paths import project_root
from loaders.tables import TABLES

CRASHES = int(os.environ.get("OLIST_CRASHES", "100"))
SEED = int(os.environ.get("OLIST_CRASH_SEED", random.randrange(10**6)))

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["crash", "loaders.land", "loaders.sources.files", "loaders.lake.replay", "loaders.stream"]
)


def start_load(variables: Mapping[str, str], *arguments: str, command: str = "land") -> BaseProcess:
    """Start ``olist land`` in a process of its own, which has imported everything already."""
    process = _context.Process(target=_run, args=(dict(variables), [command, *arguments]))
    process.start()
    return process


def _run(variables: Mapping[str, str], arguments: list[str]) -> None:
    os.environ.pop("DATABASE_URL", None)
    os.environ.update(variables)
    tqdm.set_lock(
        threading.RLock()
    )  # its own is a semaphore of the system, which a kill would leave
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
        raise SystemExit(main(arguments))


class History:
    """Exports in their order, and what raw has before and after each, in a quiet database."""

    def __init__(self, quiet: dict[str, str], folder: Path, scale: float) -> None:
        from exports import exports  # noqa: PLC0415 - pandas, for which no killed load waits

        print(f"OLIST_CRASH_SEED={SEED} OLIST_CRASHES={CRASHES}")
        self._quiet, self._folders = quiet, exports(folder, scale, SEED)
        self.before: Rows = []
        self.after: Rows = []
        self.seconds = 0.0  # that the newest load took in the quiet database
        self.advance()

    def advance(self) -> None:
        """Go on to the next export."""
        self.export = next(self._folders)
        self.load = (str(self.export), "--mode", "snapshot", "--allow-removals")
        self.before = content(self._quiet) if self.after else []
        self.seconds = run_load(self._quiet, *self.load)
        self.after = content(self._quiet)


def run_load(variables: Mapping[str, str], *arguments: str, command: str = "land") -> float:
    """Run a load to its end; return how long it took, in seconds."""
    begun = time.monotonic()
    process = start_load(variables, *arguments, command=command)
    process.join()
    assert process.exitcode == 0
    return time.monotonic() - begun


def content(variables: Mapping[str, str]) -> Rows:
    """Every version in each raw table, but for times and with loads for the numbers of batches.

    Which versions came with which file, and in which order, is part of it.
    """
    queries = [
        f"select '{table.name}', count(*), md5(string_agg(version, ',' order by version)) from ("
        f" select row({', '.join(table.columns)}, _source_file, opened.load, closed.load)::text"
        f" as version from raw.{table.name}"
        " left join loads as opened on opened.batch_id = _batch_id"
        " left join loads as closed on closed.batch_id = _until_batch_id) as versions"
        for table in TABLES
    ]
    loads = (
        "with loads as (select batch_id, row_number() over (order by batch_id) as load"
        " from raw._batches where status = 'landed') "
    )
    return sorted(ask(variables, loads + " union all ".join(queries)))


@contextmanager
def until(condition: Callable[[], bool], seconds: float = 60) -> Iterator[None]:
    """Wait for a condition before the block; fail when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)
    yield


def left_behind(variables: Mapping[str, str]) -> Rows:
    """Sessions, advisory locks and temporary tables of loads that are over."""
    return ask(
        variables,
        "select 'session', query from pg_stat_activity"
        " where datname = current_database() and application_name = 'olist'"
        " union all select 'lock', objid::text from pg_locks where locktype = 'advisory'"
        " and database = (select oid from pg_database where datname = current_database())"
        " union all select 'table', relname from pg_class where relpersistence = 't'",
    )


_PEAK = """
import sys
from pathlib import Path
from loaders.cli import main
from loaders.paths import project_root
status = main(sys.argv[1:])
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
sys.exit(status)
"""


def peak(*arguments: str | Path) -> int:
    """Run olist in a process of its own; return the most memory that it had, in kilobytes."""
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, *map(str, arguments)],
        cwd=project_root(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])
