"""``python -m tests.mutation``: change one thing at a time, build, and expect a test to fail."""

import argparse
import random
import shlex
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

from loaders.errors import LoaderError
from loaders.packages import install
from loaders.paths import project_root

from . import known, report
from .mutants import Mutant, Project
from .report import Outcome
from .verdicts import Verdict

_EXAMPLES = """\
examples:
  python -m tests.mutation --list --only 'models/marts/fct_*'
  python -m tests.mutation --only '*dim_products*' --jobs 1
  python -m tests.mutation --sample 60 --seed 1
  python -m tests.mutation --report docs/mutants.md --min-score 95

The server is that of `olist env` (or PGHOST …); its user has to be allowed to create databases.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns the exit status."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _run(options)
    except LoaderError as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("mutants: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation",
        description=__doc__,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--list", action="store_true", help="print the mutants and build nothing")
    add("--only", metavar="GLOB", action="append", help="mutants whose id, or file, fits (repeat)")
    add("--sample", type=_count, metavar="N", help="only N of them, drawn at random")
    add("--seed", type=int, default=0, help="of that draw (0)")
    add("--jobs", type=_count, default=2, help="processes at a time (2)")
    add("--scale", type=float, default=0.005, help="of the synthetic data (0.005)")
    add("--equivalent", action="store_true", help="try those judged equivalent, too")
    add("--report", type=Path, metavar="FILE", help="write the report there")
    add("--min-score", type=float, default=0.0, metavar="PERCENT", help="exit 1 below")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("1 or more")
    return number


def _run(options: argparse.Namespace) -> int:
    every = Project.read(project_root()).mutants()
    judgements = known.read()
    stale = judgements.stale(every)
    if stale:
        raise LoaderError(
            f"known.toml: no mutant of {stale[0].file} turns '{stale[0].before}' into"
            f" '{stale[0].after}'; drop or renew the entry."
        )
    chosen = _chosen(every, options)
    if options.list:
        for mutant in chosen:
            print(f"{mutant.id}\n  - {mutant.before}\n  + {mutant.after}")
        print(f"{len(chosen)} mutants")
        return 0
    verdicts = {m.id: Verdict("unreached") for m in chosen if not m.targets}
    if not options.equivalent:
        for mutant in chosen:
            reason = judgements.why_equivalent(mutant)
            if reason is not None:
                verdicts[mutant.id] = Verdict("equivalent", reason)
    _try([mutant for mutant in chosen if mutant.id not in verdicts], options, verdicts)
    outcomes = [Outcome(mutant, verdicts[mutant.id]) for mutant in chosen]
    if options.report:
        command = "python -m tests.mutation " + shlex.join(_named(options))
        options.report.write_text(report.render(outcomes, judgements, command.strip()), "utf-8")
    print(report.summary(outcomes))
    if report.score(outcomes) < options.min_score:
        print(f"mutants: the score is below {options.min_score:g} %", file=sys.stderr)
        return 1
    return 0


def _chosen(every: Sequence[Mutant], options: argparse.Namespace) -> list[Mutant]:
    globs = options.only or ["*"]
    chosen = [m for m in every if any(fnmatch(m.id, g) or fnmatch(m.file, g) for g in globs)]
    if options.sample is not None and options.sample < len(chosen):
        drawn = set(random.Random(options.seed).sample(range(len(chosen)), options.sample))
        chosen = [mutant for number, mutant in enumerate(chosen) if number in drawn]
    if not chosen:
        raise LoaderError("No mutant fits: see --list.")
    return chosen


def _named(options: argparse.Namespace) -> list[str]:
    """The options that choose mutants, for the report."""
    named = [word for glob in options.only or [] for word in ("--only", glob)]
    if options.sample is not None:
        named += ["--sample", str(options.sample), "--seed", str(options.seed)]
    return [*named, "--report", str(options.report)]


def _try(
    mutants: Sequence[Mutant], options: argparse.Namespace, verdicts: dict[str, Verdict]
) -> None:
    """Try them in groups of the same targets, and add the verdicts."""
    if not mutants:
        return
    from . import databases, pool  # noqa: PLC0415 - with dbt and pandas; --list is instant
    from .groups import Group, prepare  # noqa: PLC0415

    by_targets: dict[tuple[str, ...], list[Mutant]] = defaultdict(list)
    for mutant in mutants:
        by_targets[mutant.targets].append(mutant)
    groups = [Group(n, targets, found) for n, (targets, found) in enumerate(by_targets.items())]
    done = 0

    def tell(name: str, outcome: Verdict) -> None:
        nonlocal done
        done += 1
        verdicts[name] = outcome
        print(f"[{done}/{len(mutants)}] {outcome.status:8} {name}  {outcome.by}", flush=True)

    install(retry=False)
    with databases.alone(), tempfile.TemporaryDirectory(prefix="olist-mutants-") as work:
        print(f"{len(mutants)} mutants in {len(groups)} groups; building the base …", flush=True)
        prepare(project_root(), Path(work), options.scale)
        pool.run_all(groups, Path(work), options.jobs, tell)


if __name__ == "__main__":
    raise SystemExit(main())
