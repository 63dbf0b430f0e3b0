"""A dbt build that is killed: the next one makes what an undisturbed one would have made."""

import os
import random
import signal
import time
from pathlib import Path

from crash import CRASHES, SEED
from exports import exports
from warehouse import MARTS, STAR, Warehouse

TIMES = max(3, CRASHES // 100)


def test_a_killed_build_is_made_good_by_the_next(warehouse: Warehouse, tmp_path: Path) -> None:
    print(f"OLIST_CRASH_SEED={SEED}")
    draw = random.Random(SEED)
    history = exports(tmp_path, 0.002, SEED)
    warehouse.land(next(history), "snapshot")
    warehouse.dbt("build", *STAR)
    killed = 0
    for _ in range(TIMES):
        warehouse.land(next(history), "snapshot")
        begun = "select batch_id = (select max(batch_id) from raw._batches) from staging._pin"
        with warehouse.start("--quiet", "build", *STAR) as build:
            while build.poll() is None and warehouse.query(begun) != [(True,)]:
                time.sleep(0.05)
            time.sleep(draw.uniform(0, 3))
            if build.poll() is None:
                killed += 1
                os.killpg(build.pid, signal.SIGKILL)
    assert killed
    warehouse.dbt("build", *STAR)
    found = warehouse.marts(MARTS)
    left = "select tablename from pg_tables where schemaname = 'marts'"
    assert {name for (name,) in warehouse.query(left)} == set(MARTS)
    warehouse.dbt("build", *STAR, "--full-refresh")
    assert warehouse.marts(MARTS) == found
