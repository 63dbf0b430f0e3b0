"""Install dbt packages from the hub, or the offline stand-in where it cannot be reached."""

import os
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
    ``offline/dbt_utils``, of the same name and results, is linked. With ``retry`` false, a package
    that is there is left as it is, and the hub is not asked again.
    """
    installed = project_root() / "dbt_packages" / "dbt_utils"
    if not retry and (installed / "dbt_project.yml").is_file():
        return installed
    say("Installing dbt_utils from the dbt package hub …")
    command = [sys.executable, "-m", "dbt.cli.main", "deps"]
    try:
        subprocess.run(
            command, cwd=project_root(), capture_output=True, timeout=_TIMEOUT, check=True
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        if installed.is_dir() and not installed.is_symlink():
            shutil.rmtree(installed)
        installed.parent.mkdir(exist_ok=True)
        # A name of its own, then renamed: two installations at once do not meet.
        fresh = project_root() / f".dbt_utils-{os.getpid()}"
        fresh.symlink_to(Path("..", "offline", "dbt_utils"), target_is_directory=True)
        fresh.replace(installed)
        say("The hub cannot be reached: offline/dbt_utils is used ('olist deps' tries again).")
    return installed
