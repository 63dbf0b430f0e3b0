"""How long `dbt build` takes, against plain SQL and against dbt's own floor.

The reports (`models/reports`) are left out where the plain star, which has none, is the reference.

- Models: the sum of execution that `run_results.json` has for all models (views, the thirteen
  marts, the audit) on one thread, against the plain star of the same thirteen tables through psql,
  one session.
- Wall time of a whole `dbt build`, tests and all, from an empty database with `raw` landed, the
  project parsed before: against the same build where `raw` has no row (what dbt itself takes),
  and then the plain star with its foreign keys.
- A public peer (19 models, 213 tests of data, no history, typed raw tables) took 8.5 s on the real
  files on one day, when the plain star took 4.4 s: 1.9 plain stars. Ours in plain stars of this run
  is compared with that: everything (reports too) with all data tests, and the star with its own.
"""

import os
from collections.abc import Mapping, Sequence
from unittest import mock

from benchmarks import plain
from benchmarks.dbt import NO_TESTS, STAR, Run, dbt, empty, fingerprint, parse
from benchmarks.measure import Measure, seconds
from benchmarks.settings import Settings
from loaders.errors import LoaderError
from loaders.tables import TABLES

PLAIN = "plain SQL, psql"
PEER = "19 models, 213 tests: 8.5 s when the plain star took 4.4 s"
PEER_IN_PLAIN_STARS = 8.46 / 4.36  # medians of five, in turns with ours
_SAME = ("fct_orders", "fct_order_items", "dim_customers", "dim_geographies")


def measures(settings: Settings) -> Sequence[Measure]:
    """Measure builds on the data and on none, and the plain star."""
    nothing = settings.scratch / "headers"
    nothing.mkdir(exist_ok=True)
    for table in TABLES:
        (nothing / table.file).write_text(",".join(table.columns) + "\n", "utf-8")
    target = settings.scratch / "build"
    with settings.database() as full, settings.database() as bare:
        for variables, folder in ((full, settings.data), (bare, nothing)):
            with mock.patch.dict(os.environ, variables):
                settings.land(folder)
                parse(target)

        def build(variables: Mapping[str, str], *options: str) -> Run:
            with mock.patch.dict(os.environ, variables):
                empty()
                return dbt(target, "build", *options)

        turns = []
        for _ in range(settings.repeats):
            alone = build(full, "--threads", "1", *NO_TESTS, *STAR)
            star = build(full, "--selector", "star")
            whole = build(full)
            with mock.patch.dict(os.environ, full):
                tables = seconds(lambda: plain.build(plain.TABLES))
                keys = seconds(lambda: plain.build((plain.FOREIGN_KEYS,)))
                check()
            floor = build(bare, "--selector", "star").wall + tables + keys
            turns.append((alone, star, whole, floor, tables))
    alones, stars, wholes, floors, plains = zip(*turns, strict=True)
    return [
        Measure("models, sum of execution", tuple(r.models for r in alones), PLAIN, plains, 1.5),
        Measure(
            f"wall time of dbt build, {_size(stars[0])}",
            tuple(run.wall for run in stars),
            "dbt build on no rows + plain SQL with keys",
            floors,
            1.15,
        ),
        *(
            Measure(
                f"dbt build in plain stars, {_size(runs[0])}",
                tuple(run.wall for run in runs),
                PLAIN,
                plains,
                round(limit * PEER_IN_PLAIN_STARS, 2),
                note=f"the goal is {limit} of a peer ({PEER})",
            )
            for runs, limit in ((wholes, 1.2), (stars, 0.9))
        ),
    ]


def _size(run: Run) -> str:
    return f"{run.count('model')} models, {run.count('test')} tests"


def check() -> None:
    """Raise LoaderError when the two stars differ: then nothing was compared."""
    for table in _SAME:
        if fingerprint("marts", table) != fingerprint(plain.SCHEMA, table):
            raise LoaderError(f"The plain star has other rows in {table} than the marts.")
