"""Loads that are killed with SIGKILL at random moments: `make crashes` for a thousand of them."""

import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from conftest import temporary_database
from crash import CRASHES, SEED, content, left_behind, run_load, start_load, until
from crowd import Rows, ask
from exports import SNAPSHOT, exports
from loaders.land.ledger import CRASHED

SCALE = 0.001
LEDGER = "select batch_id, status, error from raw._batches order by batch_id"


def test_a_load_that_is_killed_leaves_all_or_nothing(
    postgres: dict[str, str], tmp_path: Path
) -> None:
    print(f"OLIST_CRASH_SEED={SEED} OLIST_CRASHES={CRASHES}")
    draw = random.Random(SEED)
    with temporary_database(postgres) as crashing, temporary_database(postgres) as quiet:
        history = _History(quiet, exports(tmp_path, SCALE, SEED))
        times = [run_load(crashing, *history.load)]
        hits = dict.fromkeys(("before", "in", "after"), 0)
        history.advance()
        for number in range(CRASHES):
            where = _kill_one(crashing, history, draw.uniform(0, statistics.median(times)))
            hits[where] += 1
            if where != "after" and number % 3:
                continue  # and killed again
            if where != "after":
                times.append(run_load(crashing, *history.load))
                assert content(crashing) == history.after
            history.advance()
        with until(lambda: not left_behind(crashing)):
            told = ask(crashing, LEDGER)
    print(hits, f"a load takes {statistics.median(times):.3f} s")
    assert hits["in"] > CRASHES / 8
    assert [batch for batch, _, _ in told] == list(range(1, len(told) + 1))
    crashed = [error for _, status, error in told if status == "crashed"]
    assert crashed == [CRASHED] * hits["in"]
    assert {status for _, status, _ in told} <= {"crashed", "landed", "unchanged"}


class _History:
    """Exports in their order, and what raw has before and after each, in a quiet database."""

    def __init__(self, quiet: dict[str, str], folders: Iterator[Path]) -> None:
        self._quiet, self._folders = quiet, folders
        self.before: Rows = []
        self.after: Rows = []
        self.advance()

    def advance(self) -> None:
        """Go on to the next export."""
        self.load = (str(next(self._folders)), *SNAPSHOT)
        self.before = content(self._quiet) if self.after else []
        run_load(self._quiet, *self.load)
        self.after = content(self._quiet)


def _kill_one(database: dict[str, str], history: _History, delay: float) -> str:
    """Kill a load after so many seconds; return whether that was before, in or after its batch."""
    ((known,),) = ask(database, "select max(batch_id) from raw._batches")
    load = start_load(database, *history.load)
    time.sleep(delay)
    load.kill()
    load.join()
    with until(lambda: not left_behind(database)):
        found = ask(database, f"select status from raw._batches where batch_id > {known}")
    where = {(): "before", ("started",): "in", ("landed",): "after"}[tuple(*found)]
    assert content(database) == (history.after if where == "after" else history.before)
    return where
