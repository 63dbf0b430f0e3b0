"""What the four facts cost when one day of orders has changed, against a full refresh of them.

An average day's number of orders, all of one purchase day, get new values, and each a further line,
payment and review; `olist land --mode delta` lands them. Then `dbt run --select` the four facts,
on one thread, so that the sum of their execution counts no waiting for each other. Execution
includes what dbt itself does for a model; the part that PostgreSQL takes is in the notes. At the
larger sizes the same number of orders changes. After the last turn the facts equal a full refresh.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks import day
from benchmarks.dbt_run import Run, dbt, parse
from benchmarks.measure import Measure
from benchmarks.settings import Settings
from benchmarks.warehouse import FACTS, NO_TESTS, STAR, ask, fingerprint
from loaders.errors import LoaderError

_RUN = ("run", "--threads", "1", "--select", *FACTS)


@dataclass(frozen=True)
class _Size:
    """Runs at one size of the data, one a turn."""

    changed: tuple[Run, ...]
    refreshed: tuple[Run, ...]
    orders: int


def measures(settings: Settings) -> Sequence[Measure]:
    """Measure at the size of the data, then with the same day at the larger ones."""
    base = _size(settings, settings.data)
    found = [
        _compared("four facts, one day changed: execution", base, 0.05),
        Measure(
            "incremental",
            "the same, wall time of dbt run",
            _walls(base.changed),
            "full refresh",
            _walls(base.refreshed),
            note="with the start of dbt and, at its end, the foreign keys of all marts",
        ),
    ]
    first, *larger = settings.scales
    if larger:
        # Synthetic data of the first size: only the size tells it from the others.
        files = settings.sample(first)
        small = base if files == settings.data else _size(settings, files)
        for scale in larger:
            large = _size(settings, settings.sample(scale), small.orders)
            found += _flat(f"scale {scale:g}", large, f"scale {first:g}", small)
    return found


def _size(settings: Settings, files: Path, orders: int | None = None) -> _Size:
    """Build once, then change a day and refresh everything, in turns.

    With ``orders`` that many change, and everything is refreshed in the last turn only.
    """
    target = settings.scratch / "incremental"
    deltas = settings.scratch / "days"
    with settings.database():
        settings.run("loaders", "land", "--mode", "snapshot", files)
        parse(target)
        dbt(target, "build", *NO_TESTS, *STAR)
        each_turn = orders is None
        orders = orders or day.usual_day()
        changed, refreshed = [], []
        for turn in range(settings.repeats):
            day.write(deltas, orders, turn)
            settings.run("loaders", "land", "--mode", "delta", deltas)
            changed.append(dbt(target, *_RUN, detail=True))
            _check(orders)
            if not each_turn and turn < settings.repeats - 1:
                continue
            before = [fingerprint("marts", fact) for fact in FACTS]
            refreshed.append(dbt(target, *_RUN, "--full-refresh", detail=True))
            if [fingerprint("marts", fact) for fact in FACTS] != before:
                raise LoaderError("The facts after a changed day differ from a full refresh.")
    return _Size(tuple(changed), tuple(refreshed), orders)


def _check(orders: int) -> None:
    """Raise LoaderError when the last run did not make just the changed orders anew."""
    for fact in FACTS:
        query = (
            f"select count(distinct order_id) from marts.{fact}"  # noqa: S608
            " where _batch_id = (select max(batch_id) from raw._batches)"
        )
        if ask(query) != [(orders,)]:
            raise LoaderError(f"{fact} has not the {orders} orders of the changed day.")


def _compared(name: str, size: _Size, limit: float) -> Measure:
    return Measure(
        "incremental",
        name,
        _executions(size.changed),
        "full refresh",
        _executions(size.refreshed),
        limit,
        note=f"{size.orders} orders; {_in_database(size)}",
    )


def _flat(name: str, large: _Size, base_name: str, small: _Size) -> list[Measure]:
    return [
        Measure(
            "incremental",
            f"one day changed at {name}: execution",
            _executions(large.changed),
            base_name,
            _executions(small.changed),
            1.5,
            note=f"{large.orders} orders of both; at {name}, {_in_database(large)}",
        ),
        Measure(
            "incremental",
            f"one day changed at {name}: wall time of dbt run",
            _walls(large.changed),
            base_name,
            _walls(small.changed),
        ),
        _compared(f"four facts, one day changed: execution at {name}", large, 0.05),
    ]


def _in_database(size: _Size) -> str:
    changed, refreshed = (
        min(run.database("model") for run in runs) for runs in (size.changed, size.refreshed)
    )
    return (
        f"of it in PostgreSQL at best {changed:.3f} s and {refreshed:.2f} s"
        f" ({changed / refreshed:.1%})"
    )


def _executions(runs: Sequence[Run]) -> tuple[float, ...]:
    return tuple(run.execution("model") for run in runs)


def _walls(runs: Sequence[Run]) -> tuple[float, ...]:
    return tuple(run.wall for run in runs)
