"""How long `dbt build` of the star takes, against plain SQL and against dbt's own floor.

The reports (`models/reports`) are left out on every side: neither the plain star nor the peers have
any.

- Models: the sum of execution that `run_results.json` has for all models (views, the thirteen
  marts, the audit), against the plain star of the same thirteen tables through psql, one session.
  One thread on our side too: the sum over nodes that run at once counts their waiting twice. That
  sum is shown beside it.
- Wall time of a whole `dbt build`, tests and all, from an empty database with `raw` landed, the
  project parsed before: against the same build where `raw` has no row (what dbt itself takes),
  and then the plain star with its foreign keys.
- Public peers were measured on the real files on another day: 9.5 s (19 models, 213 tests) and
  11.5 s (22 models, 174 tests), when a plain star of ten tables took 3.1 s. So their figures are
  shown as they are, and in plain stars of their day against ours in those of this run. Their tests
  are of data: compared is a build without our unit tests, which see no data.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import plain
from benchmarks.dbt_run import TESTS, Run, dbt, parse
from benchmarks.measure import Measure, seconds
from benchmarks.settings import Settings
from benchmarks.warehouse import NO_TESTS, NO_UNIT_TESTS, STAR, empty, fingerprint, headers, in_use
from loaders.errors import LoaderError

PLAIN = "plain SQL, psql"
PEERS = {"19 models, 213 tests": 9.5, "22 models, 174 tests": 11.5}
PLAIN_THEN = 3.1
_SAME = ("fct_orders", "fct_order_items", "dim_customers", "dim_geographies")


def measures(settings: Settings) -> Sequence[Measure]:
    """Measure builds on the data and on none, and the plain star."""
    nothing = settings.scratch / "headers"
    nothing.mkdir(exist_ok=True)
    for name, text in headers().items():
        (nothing / name).write_text(text, "utf-8")
    target = settings.scratch / "build"
    with settings.database() as full, settings.database() as bare:
        for variables, folder in ((full, settings.data), (bare, nothing)):
            with in_use(variables):
                settings.run("loaders", "land", "--mode", "snapshot", folder)
                parse(target)
        rounds = [_round(target, full, bare) for _ in range(settings.repeats)]
    return _measures(rounds)


@dataclass(frozen=True)
class _Round:
    """One turn of all works; seconds."""

    alone: Run
    whole: Run
    data: Run
    floor: Run
    plain: float
    keys: float


def _round(target: Path, full: Mapping[str, str], bare: Mapping[str, str]) -> _Round:
    with in_use(full):
        empty()
        alone = dbt(target, "build", "--threads", "1", *NO_TESTS, *STAR)
        empty()
        data = dbt(target, "build", *NO_UNIT_TESTS, *STAR)
        empty()
        whole = dbt(target, "build", *STAR)
        tables = seconds(lambda: plain.build(plain.TABLES))
        keys = seconds(lambda: plain.build((plain.FOREIGN_KEYS,)))
        check()
    with in_use(bare):
        empty()
        floor = dbt(target, "build", *STAR)
    return _Round(alone, whole, data, floor, tables, keys)


def check() -> None:
    """Raise LoaderError when the two stars differ: then nothing was compared."""
    for table in _SAME:
        if fingerprint("marts", table) != fingerprint(plain.SCHEMA, table):
            raise LoaderError(f"The plain star has other rows in {table} than the marts.")


def _measures(rounds: Sequence[_Round]) -> list[Measure]:
    whole, data = rounds[0].whole, rounds[0].data
    size = f"{whole.count('model')} models, {whole.count(*TESTS)} tests"
    without = f"without unit tests ({data.count(*TESTS)} tests)"
    tables = tuple(turn.plain for turn in rounds)
    wall = tuple(turn.whole.wall for turn in rounds)
    of_data = tuple(turn.data.wall for turn in rounds)
    floor = tuple(turn.floor.wall + turn.plain + turn.keys for turn in rounds)

    def kind(name: str) -> str:
        return _median(turn.alone.execution(name) for turn in rounds)

    def models(name: str, ours: tuple[float, ...], limit: float | None, note: str) -> Measure:
        return Measure("build", name, ours, PLAIN, tables, limit, note=note)

    return [
        models(
            "models, sum of execution, one thread",
            tuple(turn.alone.execution("model") for turn in rounds),
            1.5,
            f"besides: seeds {kind('seed')}, snapshots {kind('snapshot')}",
        ),
        models(
            "models, sum of execution, threads of the profile",
            tuple(turn.whole.execution("model") for turn in rounds),
            None,
            "of the whole build below: nodes that run at once wait for each other",
        ),
        Measure(
            "build",
            f"wall time of dbt build ({size})",
            wall,
            "dbt build on no rows + plain SQL with keys",
            floor,
            1.15,
            note=f"dbt build on no rows {_median(turn.floor.wall for turn in rounds)}, plain SQL "
            f"{_median(tables)}, its foreign keys {_median(turn.keys for turn in rounds)}",
        ),
        *(
            Measure(
                "build",
                f"{without}, against a public peer ({peer})",
                of_data,
                limit=took,
                note=f"the peer's {took} s are of another day",
            )
            for peer, took in PEERS.items()
        ),
        *(
            models(
                f"{without}, in plain stars ({peer})",
                of_data,
                round(took / PLAIN_THEN, 2),
                f"the peer took {took} s when a plain star of ten tables took {PLAIN_THEN} s",
            )
            for peer, took in PEERS.items()
        ),
    ]


def _median(figures: Iterable[float]) -> str:
    return f"{statistics.median(figures):.2f} s"
