"""A dbt build that is killed: the next one makes what an undisturbed one would have made."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from crash import CRASHES, SEED, run_load
from exports import SNAPSHOT, exports
from loaders.paths import project_root
from warehouse import DIMENSIONS, FACTS, STAR, Warehouse

TIMES = max(3, CRASHES // 100)
# Tables that a swap had put aside.
LEFT = (
    "select relname from pg_class where relnamespace = 'marts'::regnamespace"
    " and relname like '%dbt_backup' and relkind = 'r'"
)


def start_build(warehouse: Warehouse) -> "subprocess.Popen[bytes]":
    """Start a build in a process group of its own."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", "loaders.dbt", "--quiet", "build", *STAR),
            *("--project-dir", str(project_root()), "--profiles-dir", str(project_root())),
            *("--target-path", str(warehouse.folder / "killed")),
            *("--log-path", str(warehouse.folder / "killed")),
        ],
        env={**os.environ, **warehouse.variables},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def test_a_killed_build_is_made_good_by_the_next(warehouse: Warehouse, tmp_path: Path) -> None:
    print(f"OLIST_CRASH_SEED={SEED}")
    draw = random.Random(SEED)
    history = exports(tmp_path, 0.002, SEED)
    run_load(warehouse.variables, str(next(history)), *SNAPSHOT)
    warehouse.dbt("build", *STAR)
    killed = 0
    for _ in range(TIMES):
        run_load(warehouse.variables, str(next(history)), *SNAPSHOT)
        newest = "select max(batch_id) from raw._batches"
        build = start_build(warehouse)
        while build.poll() is None and warehouse.query(
            "select batch_id from staging._pin"
        ) != warehouse.query(newest):
            time.sleep(0.05)  # until the run has begun
        time.sleep(draw.uniform(0, 3))
        if build.poll() is None:
            killed += 1
            os.killpg(build.pid, signal.SIGKILL)
        build.wait()
    assert killed
    warehouse.dbt("build", *STAR)
    found = warehouse.marts(FACTS + DIMENSIONS)
    assert warehouse.query(LEFT) == []
    warehouse.dbt("build", *STAR, "--full-refresh")
    assert warehouse.marts(FACTS + DIMENSIONS) == found
