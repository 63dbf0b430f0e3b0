"""``python -m benchmarks``: measure, print the table, keep the figures (``make bench``)."""

import argparse
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import groups, results
from benchmarks.environment import commit, environment
from benchmarks.settings import Settings, prepared
from loaders.errors import LoaderError, redact
from loaders.paths import project_root


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the groups that the command line names; return 1 when one could not be measured.

    A goal that is missed is told, and is no failure: what a busy machine measures is no test.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _options(arguments)
    names = [Path(word).name if "/" in word else word for word in arguments]
    command = shlex.join(["python", "-m", "benchmarks", *names])
    failed = []
    # What ends it with a signal ends it in order too: the server and its files go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with prepared(options.data, options.repeats, tuple(options.scale)) as settings:
            told = {
                "commit": commit(),
                "command": command,
                "data": settings.described,
                "repeats": settings.repeats,
                **environment(settings.server),
            }
            for group in options.only:
                try:
                    _measure(group, settings, told, options.out)
                except LoaderError as error:
                    print(f"{group}: {redact(str(error))}", file=sys.stderr)
                    failed.append(group)
    except LoaderError as error:
        print(f"benchmarks: {redact(str(error))}", file=sys.stderr)
        return 1
    return 1 if failed else 0


def _measure(group: str, settings: Settings, told: dict[str, object], out: Path) -> None:
    print(f"\n== {group}", flush=True)
    began = time.perf_counter()
    measures = groups.measures(group, settings)
    results.show(measures)
    date = datetime.now(UTC)
    run = {
        "about": groups.about(group),
        "date": f"{date:%Y-%m-%d %H:%M} UTC",
        "seconds": round(time.perf_counter() - began),
    }
    results.keep(out, group, measures, {**told, **run})


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    known = (*groups.GROUPS, *groups.OTHERS)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        nargs="+",
        choices=known,
        default=list(groups.GROUPS),
        metavar="GROUP",
        help=f"of {', '.join(known)} (default: all but {', '.join(groups.OTHERS)})",
    )
    parser.add_argument("--repeats", type=_positive, default=5, help="of each figure (default: 5)")
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
        default=project_root() / "benchmarks",
        metavar="FOLDER",
        help="where results.json and results.md are kept (default: benchmarks)",
    )
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
