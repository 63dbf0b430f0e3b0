"""``python -m benchmarks.experiments [NAME …] [--repeats 5]``."""

import argparse

from benchmarks.experiments import keys, settings, storage, threads, trial, writes
from loaders import connection

ALL = {
    experiment.name: experiment
    for module in (keys, storage, writes, settings)
    for experiment in module.EXPERIMENTS
}


def main() -> None:
    """Run the named experiments, all but ``threads`` by default, and print their tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.experiments", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *ALL, threads.NAME])
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    for name in given.names or ALL:
        if name == threads.NAME:
            print(threads.table(given.repeats), flush=True)
            continue
        with connection.connect() as link:
            link.rollback()
            figures = trial.measure(link, ALL[name], given.repeats)
        print(trial.table(ALL[name], figures), flush=True)


if __name__ == "__main__":
    main()
