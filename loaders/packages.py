"""Install dbt packages from the hub, or the offline stand-in where it cannot be reached."""

import filecmp
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from loaders.paths import project_root

_TIMEOUT = 120  # seconds: dbt retries a hub that does not answer for about 7


def install(say: Callable[[str], None] = print, *, retry: bool = True) -> Path:
    """Make ``dbt_packages/dbt_utils`` and return it.

    ``dbt deps`` is asked first; where it fails (no network, a firewall) the small package
    ``offline/dbt_utils``, of the same name and results, is copied. With ``retry`` false, a package
    that is there is left as it is, and the hub is not asked again.
    """
    installed = project_root() / "dbt_packages" / "dbt_utils"
    stand_in = project_root() / "offline" / "dbt_utils"
    if not retry and (installed / "dbt_project.yml").is_file():
        if _is_stand_in(installed) and not _same(installed, stand_in):
            _copy(stand_in, installed)
        return installed
    say("Installing dbt_utils from the dbt package hub …")
    if _from_hub():
        return installed
    _copy(stand_in, installed)
    say("The hub cannot be reached: offline/dbt_utils is used ('olist deps' tries again).")
    return installed


def _from_hub() -> bool:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "dbt.cli.main", "deps"],
            cwd=project_root(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _is_stand_in(package: Path) -> bool:
    return (package / "OFFLINE").is_file()


def _same(one: Path, other: Path) -> bool:
    compared = filecmp.dircmp(one / "macros", other / "macros")
    return not (compared.left_only or compared.right_only or compared.diff_files)


def _copy(source: Path, target: Path) -> None:
    """Copy beside the target and swap, so that an interrupted copy is never taken for whole."""
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(source, fresh)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
