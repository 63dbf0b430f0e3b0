"""``python -m benchmarks [GROUP …]``: measure, print, and keep the figures in results.md."""

import argparse
import importlib
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from inspect import cleandoc
from pathlib import Path

from benchmarks.measure import keep, section, words
from benchmarks.settings import Settings, environment, prepared
from loaders.errors import LoaderError
from loaders.paths import project_root

GROUPS = ("landing", "questions", "build", "incremental", "scale", "dashboard")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the groups that the command line names; return 1 when one could not be measured.

    A goal that is missed is told, and is no failure: what a busy machine measures is no test.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _options(arguments)
    names = [Path(word).name if "/" in word else word for word in arguments]
    command = shlex.join(["python", "-m", "benchmarks", *names])
    failed = 0
    # What ends it with a signal ends it in order too: the server and its files go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with prepared(options.data, options.repeats, tuple(options.scale)) as settings:
            for group in options.groups or GROUPS:
                try:
                    text = measured(group, settings, command)
                except LoaderError as error:
                    print(f"{group}: {error}", file=sys.stderr)
                    failed = 1
                else:
                    print(f"\n## {group}\n\n{text}", flush=True)
                    keep(options.out, group, text, GROUPS)
    except LoaderError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    return failed


def measured(group: str, settings: Settings, command: str) -> str:
    """Measure a group: its section of results.md. Raises LoaderError when a command fails."""
    began = time.perf_counter()
    module = importlib.import_module(f"benchmarks.{group}")
    found = module.measures(settings)
    facts = {
        f"`{command}`,": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        **environment(settings),
        "seconds": round(time.perf_counter() - began),
    }
    return section(cleandoc(module.__doc__ or ""), found, words(facts))


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)} (default: all)"
    )
    parser.add_argument("--repeats", type=int, default=5, help="of each figure (default: 5)")
    parser.add_argument(
        "--data", type=Path, help="folder or zip of the nine files (default: synthetic ones)"
    )
    parser.add_argument(
        "--scale",
        type=float,
        nargs="+",
        default=[1.0, 10.0],
        metavar="N",
        help="of the synthetic files; further ones are compared with the first (default: 1 10)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=project_root() / "benchmarks" / "results.md",
        metavar="FILE",
        help="where the figures are kept (default: benchmarks/results.md)",
    )
    given = parser.parse_args(arguments)
    if unknown := set(given.groups) - set(GROUPS):
        parser.error(f"no group {', '.join(sorted(unknown))}: choose from {', '.join(GROUPS)}")
    return given


if __name__ == "__main__":
    sys.exit(main())
