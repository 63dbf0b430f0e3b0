"""What a build costs when some orders have changed, against a full one.

- The four facts and what they are made from, one day later: an average day's number of orders, all
  of one purchase day, get new values, and each a further line, payment and review; `olist land
  --mode delta` lands them. One thread. What counts is the time of statements in PostgreSQL (its
  `active_time`), hooks and views included; dbt's own is in the wall time. At the larger sizes the
  same number of orders changes. After the last turn the facts equal a full refresh.
- A hundredth of all orders (at the larger sizes, one day of the first): landing and the frequent
  selector, then everything, then nothing new, against a build of everything from nothing; and a run
  of one view, which is what dbt takes to start and to end.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.changes import SHARE, usual_day, write_day
from benchmarks.dbt import FACTS, NO_TESTS, STAR, Run, ask, dbt, empty, fingerprint, parse
from benchmarks.measure import Measure
from benchmarks.settings import Settings
from loaders.errors import LoaderError

_RUN = ("run", "--threads", "1", "--select", *(f"+{fact}" for fact in FACTS))


@dataclass
class _Size:
    """Runs at one size of the data, one per turn."""

    orders: int
    changed: list[Run] = field(default_factory=list)
    refreshed: list[Run] = field(default_factory=list)

    def server(self) -> tuple[float, ...]:
        return tuple(run.server for run in self.changed)

    def compared(self, name: str, limit: float) -> Measure:
        refreshed = tuple(run.server for run in self.refreshed)
        note = f"{self.orders} orders"
        return Measure(name, self.server(), "full refresh", refreshed, limit, note=note)


def measures(settings: Settings) -> Sequence[Measure]:
    """Measure at the size of the data, then with the same day at the larger ones."""
    base = _size(settings, settings.data)
    walls = tuple(run.wall for run in base.changed), tuple(run.wall for run in base.refreshed)
    found = [
        base.compared("four facts, one day changed: in PostgreSQL", 0.03),
        Measure("the same, wall time of dbt run", walls[0], "full refresh", walls[1]),
        *_builds(settings, settings.data, "a hundredth of orders changed", (0.25, 1, 0.35)),
    ]
    first, *larger = settings.scales
    if larger:
        # Synthetic data of the first size: only the size tells it from the others.
        files = settings.sample(first)
        small = base if files == settings.data else _size(settings, files)
        for scale in larger:
            large = _size(settings, settings.sample(scale), small.orders)
            name = f"one day changed at scale {scale:g}: in PostgreSQL"
            found += [
                Measure(name, large.server(), f"scale {first:g}", small.server(), 1.5),
                large.compared(f"four facts, {name}", 0.005),
                *_builds(
                    settings,
                    settings.sample(scale),
                    f"{small.orders} orders changed at scale {scale:g}",
                    (0.08, 0.5, 0.35),
                    small.orders,
                ),
            ]
    return found


def _size(settings: Settings, files: Path, orders: int | None = None) -> _Size:
    """Build once, then change a day and refresh everything, in turns.

    With ``orders`` that many change, and everything is refreshed in the last turn only.
    """
    target, deltas = settings.scratch / "incremental", settings.scratch / "days"
    with settings.database():
        settings.land(files)
        parse(target)
        dbt(target, "build", *NO_TESTS, *STAR)
        size = _Size(orders or usual_day())
        for turn in range(settings.repeats):
            write_day(deltas, size.orders, turn)
            settings.land(deltas, "delta")
            size.changed.append(dbt(target, *_RUN))
            _check(size.orders)
            if orders is not None and turn < settings.repeats - 1:
                continue
            before = [fingerprint("marts", fact) for fact in FACTS]
            size.refreshed.append(
                dbt(target, *_RUN, "--full-refresh", "--vars", "drop_views: true")
            )
            if [fingerprint("marts", fact) for fact in FACTS] != before:
                raise LoaderError("The facts after a changed day differ from a full refresh.")
    return size


def _builds(
    settings: Settings,
    files: Path,
    what: str,
    limits: tuple[float, float, float],
    orders: int | None = None,
) -> list[Measure]:
    """Wall time of builds after a change, and after none, in turns with one from nothing."""
    target, deltas = settings.scratch / "builds", settings.scratch / "builds-days"
    turns = []
    with settings.database():
        settings.land(files)
        parse(target)
        for turn in range(settings.repeats):
            empty()
            full = dbt(target, "build").wall
            total = int(
                str(ask("select count(*) from raw.orders where _until_batch_id is null")[0][0])
            )
            write_day(deltas, orders or max(1, total // SHARE), turn)
            landed = settings.land(deltas, "delta").wall
            frequent = landed + dbt(target, "build", "--selector", "frequent").wall
            others = ("build",), ("build",), ("run", "--select", "stg_olist__pin")
            turns.append((full, frequent, *(dbt(target, *other).wall for other in others)))
    fulls, *measured = zip(*turns, strict=True)
    names = ("landing and the frequent selector", "then everything", "then nothing new", "one view")
    return [
        Measure(f"{what}: {name}", walls, "dbt build from nothing", fulls, limit)
        for name, walls, limit in zip(names, measured, (*limits, None), strict=True)
    ]


def _check(orders: int) -> None:
    """Raise LoaderError when the last run did not make just the changed orders anew."""
    for fact in FACTS:
        query = (
            f"select count(distinct order_id) from marts.{fact}"  # noqa: S608
            " where _batch_id = (select max(batch_id) from raw._batches)"
        )
        if ask(query) != [(orders,)]:
            raise LoaderError(f"{fact} has not the {orders} orders of the changed day.")
