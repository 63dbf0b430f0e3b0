"""Ten business questions: on `marts` and `reports`, as a BI tool asks, and on `raw`.

Both are SQL of one session, warm (asked once before, both sides vacuumed, as autovacuum does
within minutes), all rows fetched. `raw` is as it was landed,
indexed on its keys: it casts text, finds the latest review, the customer, the place, every time.
The queries are in `analyses/questions`, those on `raw` in `benchmarks/questions`: they were
written without the logic of the models, and both must give the same rows, or the bench stops.
"""

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg2.extensions import cursor as Cursor

from benchmarks.dbt import NO_TESTS, dbt
from benchmarks.measure import Measure, in_turns, seconds
from benchmarks.settings import Settings
from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.packages import install
from loaders.paths import project_root

FOLDER = Path(__file__).with_name("questions")
ANALYSES = project_root() / "analyses" / "questions"
Rows = list[tuple[Any, ...]]
FROM_RAW = "from raw"
_REF = re.compile(r"\{\{ ref\('(\w+)'\) \}\}")


@dataclass(frozen=True)
class Question:
    """A question, and the two queries that answer it."""

    name: str
    marts: str
    raw: str

    def answers(self, cursor: Cursor) -> tuple[Rows, Rows]:
        """The rows that each of its queries gives."""
        return _ask(cursor, self.marts), _ask(cursor, self.raw)


def questions() -> list[Question]:
    """All of them, by name."""
    return [
        Question(
            file.stem,
            _REF.sub(
                lambda ref: f"{'reports' if ref[1].startswith('rpt_') else 'marts'}.{ref[1]}",
                file.read_text("utf-8"),
            ),
            (FOLDER / f"{file.stem}.raw.sql").read_text("utf-8"),
        )
        for file in sorted(ANALYSES.glob("*.sql"))
    ]


def measures(settings: Settings) -> Sequence[Measure]:
    """Land and build once, then ask each question on both sides, in turns."""
    install(retry=False, say=lambda _: None)
    with settings.database():
        settings.land(settings.data)
        dbt(settings.scratch / "questions", "build", *NO_TESTS)
        with connect(autocommit=True) as link, link.cursor() as cursor:
            cursor.execute("vacuum (analyze)")
            found = [_measure(cursor, question, settings.repeats) for question in questions()]
    slowest = max(found, key=lambda measure: statistics.median(measure.ours))
    return [
        Measure(
            "geometric mean of the ten",
            _means([measure.ours for measure in found]),
            FROM_RAW,
            _means([measure.reference for measure in found]),
            limit=5,
            at_least=True,
            unit="ms",
        ),
        Measure(f"slowest: {slowest.name}", slowest.ours, limit=120, unit="ms"),
        *found,
    ]


def _measure(cursor: Cursor, question: Question, repeats: int) -> Measure:
    marts, raw = question.answers(cursor)
    if marts != raw:
        raise LoaderError(f"{question.name}: marts and raw give different answers.")

    def milliseconds(query: str) -> float:
        return 1000 * seconds(lambda: _ask(cursor, query))

    ours, theirs = in_turns(
        repeats, lambda: milliseconds(question.marts), lambda: milliseconds(question.raw)
    )
    name = question.name.replace("_", " ")
    return Measure(name, ours, FROM_RAW, theirs, at_least=True, unit="ms")


def _means(figures: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Geometric mean over the questions, for each repetition."""
    return tuple(statistics.geometric_mean(turn) for turn in zip(*figures, strict=True))


def _ask(cursor: Cursor, query: str) -> Rows:
    cursor.execute(query)
    return cursor.fetchall()
