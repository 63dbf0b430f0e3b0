"""``python -m tests.mutation``: change one thing at a time, build, and expect a test to fail.

The server is that of ``olist env`` (or PGHOST …); its user has to be allowed to create databases.
"""

import argparse
import os
import random
import shlex
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from fnmatch import fnmatch
from multiprocessing import get_context
from pathlib import Path

from loaders.errors import LoaderError
from loaders.packages import install
from loaders.paths import project_root

from . import verdicts
from .mutants import Mutant, mutants_of, read_parts
from .verdicts import Verdict


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    add = parser.add_argument
    add("--list", action="store_true", help="print the mutants and build nothing")
    add("--only", metavar="GLOB", action="append", help="mutants whose id, or file, fits (repeat)")
    add("--sample", type=int, metavar="N", help="only N of them, drawn at random")
    add("--seed", type=int, default=0, help="of that draw (0)")
    add("--report", type=Path, metavar="FILE", help="write the report there")
    add("--min-score", type=float, default=0.0, metavar="PERCENT", help="exit 1 below")
    arguments = sys.argv[1:] if arguments is None else arguments
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        chosen, known = _chosen(options), verdicts.read_known()
        if options.list:
            for mutant in chosen:
                print(f"{mutant.id}\n  - {mutant.before}\n  + {mutant.after}")
            print(f"{len(chosen)} mutants")
            return 0
        alike = [mutant for mutant in chosen if any(one.matches(mutant) for one in known)]
        found = {mutant.id: Verdict("equivalent") for mutant in alike}
        found |= _tried([mutant for mutant in chosen if mutant.id not in found])
    except LoaderError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 1
    outcomes = [(mutant, found[mutant.id]) for mutant in chosen]
    if options.report:
        command = f"python -m tests.mutation {shlex.join(arguments)}"
        options.report.write_text(verdicts.report(outcomes, command), "utf-8")
    words, score = verdicts.summary(outcomes)
    print(words)
    if score < options.min_score:
        print(f"mutants: the score is below {options.min_score:g} %", file=sys.stderr)
        return 1
    return 0


def _chosen(options: argparse.Namespace) -> list[Mutant]:
    """The mutants that are asked for."""
    globs, every = options.only or ["*"], mutants_of(read_parts(project_root()))
    chosen = [m for m in every if any(fnmatch(m.id, g) or fnmatch(m.file, g) for g in globs)]
    if options.sample is not None and options.sample < len(chosen):
        drawn = random.Random(options.seed).sample(range(len(chosen)), options.sample)
        chosen = [chosen[number] for number in sorted(drawn)]
    if not chosen:
        raise LoaderError("No mutant fits: see --list.")
    return chosen


def _tried(mutants: Sequence[Mutant]) -> dict[str, Verdict]:
    """Verdicts by id: groups of the same targets, each in a process, as dbt keeps state in one."""
    from . import trial  # noqa: PLC0415 - with dbt and pandas; --list is instant

    by_targets: dict[tuple[str, ...], list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        by_targets[mutant.targets].append(mutant)
    found: dict[str, Verdict] = {}
    install(retry=False)
    with trial.alone(), tempfile.TemporaryDirectory(prefix="olist-mutants-") as folder:
        work = Path(folder)
        groups = [
            trial.Group(f"{trial.PREFIX}{number:03}", alike, work)
            for number, alike in enumerate(sorted(by_targets.values(), key=len, reverse=True))
        ]
        print(f"{len(mutants)} mutants in {len(groups)} groups; building the base …", flush=True)
        with get_context("spawn").Pool(os.cpu_count(), maxtasksperchild=1) as pool:
            pool.apply(trial.prepare, (project_root(), work))
            for outcomes in pool.imap_unordered(trial.run, groups):
                found |= dict(outcomes)
                print(f"[{len(found)}/{len(mutants)}]", flush=True)
    return found


if __name__ == "__main__":
    raise SystemExit(main())
