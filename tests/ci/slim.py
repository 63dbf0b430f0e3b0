"""What a change does to a warehouse that runs: main builds it, then the change is built on top.

1. In a scratch database the base commit lands an earlier export and builds everything.
2. This checkout builds `state:modified+` against the base's manifest, deferring to its tables.
3. This checkout lands the later export and builds everything, incrementally on the base's tables.

A change to a fact that needs a full refresh fails here, unless --full-refresh says so.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from loaders.errors import LoaderError
from loaders.paths import project_root
from tests.ci.history import write_history
from tests.ci.scratch import Checkout, say, scratch_database


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; return the exit status."""
    parser = argparse.ArgumentParser(prog="slim", description="Build only what has changed")
    parser.add_argument("base", help="commit or branch whose tables to build on")
    parser.add_argument("--full-refresh", action="store_true", help="in step 2")
    options = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as name, scratch_database():
            folder = Path(name)
            earlier, later = write_history(folder)
            with _checked_out(options.base, folder / "base") as root:
                _build_base(Checkout(root, folder / "state"), earlier)
            here = Checkout(project_root(), folder / "target")
            say(f"what changed since {options.base}")
            here.olist(
                "land", earlier, "--mode", "snapshot"
            )  # an older ledger is brought up to date
            flags = ["--full-refresh"] if options.full_refresh else []
            selection = ("--select", "state:modified+", "--defer", "--state", str(folder / "state"))
            here.dbt("build", *selection, *flags)
            say("the next load, and everything on it")
            here.olist("land", later, "--mode", "snapshot")
            here.dbt("build", "--warn-error")
    except LoaderError as error:
        print(f"slim: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("slim: interrupted", file=sys.stderr)
        return 130
    return 0


def _build_base(base: Checkout, data: Path) -> None:
    say("the base: first load, first build")
    base.olist("deps")
    base.olist("land", data, "--mode", "snapshot")
    base.dbt("build")


@contextmanager
def _checked_out(commit: str, folder: Path) -> Iterator[Path]:
    """Yield a worktree of a commit.

    Raises LoaderError when there is no such commit here.
    """
    if _git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}") != 0:
        raise LoaderError(f"there is no commit '{commit}' here: fetch it, or name another BASE.")
    if _git("worktree", "add", "--quiet", "--detach", str(folder), commit) != 0:
        raise LoaderError(f"git could not check out '{commit}'; its message is above.")
    try:
        yield folder
    finally:
        _git("worktree", "remove", "--force", str(folder))


def _git(*arguments: str) -> int:
    command = ["git", "-C", str(project_root()), *arguments]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
