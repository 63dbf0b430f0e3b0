"""What a change does to a warehouse that runs: a base commit builds it, the change is built on it.

``make slim`` names the base in OLIST_BASE (docs/ci.md). A change of a fact that needs a full
refresh fails here, unless FLAGS has --full-refresh.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from loaders.paths import project_root
from warehouse import Warehouse

BASE = os.environ.get("OLIST_BASE", "")
FLAGS = os.environ.get("FLAGS", "").split()


@pytest.mark.skipif(not BASE, reason="OLIST_BASE names no commit: make slim")
def test_what_changed_is_built_on_the_tables_of_the_base(
    warehouse: Warehouse, history: tuple[Path, Path], tmp_path: Path
) -> None:
    earlier, later = history
    base, state = tmp_path / "base", str(tmp_path / "state")
    git = ["git", "-C", str(project_root()), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(base), BASE], check=True)
    try:
        for command in (
            ("loaders", "deps"),
            ("loaders", "land", str(earlier), "--mode", "snapshot"),
            ("loaders.dbt", "build", "--target-path", state),
        ):
            subprocess.run(
                [sys.executable, "-m", *command],
                cwd=base,
                env={**os.environ, **warehouse.variables, "PYTHONPATH": str(base)},
                check=True,
            )
    finally:
        subprocess.run([*git, "remove", "--force", str(base)], check=True)
    changed = ("--select", "state:modified+", "--defer", "--state", state)
    warehouse.land(earlier, "snapshot")  # a column of a source is in raw from the next load on
    warehouse.dbt("build", *changed, *FLAGS)
    warehouse.land(later, "snapshot")
    warehouse.dbt("build", "--warn-error")
