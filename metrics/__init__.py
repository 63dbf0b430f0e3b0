"""Metrics of the semantic layer: for the command line, the dashboard, notebooks and agents.

`metrics.query(["revenue"], ["metric_time__month"], start="2018-01-01").rows`
"""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache
from threading import BoundedSemaphore
from typing import Any

import psycopg2
from psycopg2.extensions import cursor as Cursor

from loaders import connection, roles
from loaders.dbt import schema_of
from loaders.errors import NOTHING_BUILT, LoaderError, shown
from loaders.paths import project_root
from metrics.engine import engine

Names = Sequence[str]
# How a figure of a unit is written, in the words of d3-format.
FORMATS = {"BRL": "$,.2f", "fraction": ".1%"}
_NAMED = re.compile(r"(?:Dimension|Entity)\(\s*['\"](\w+)")
_GRAINS = ("day", "week", "month", "quarter", "year")
_OPTIONAL = (
    "the metric '{}' is optional, and not built: land exchange rates, then "
    "dbt build --vars 'with_external: true' (docs/rates-and-weather.md)."
)
_AT_ONCE = BoundedSemaphore(8)  # of the 20 connections that the reader may have


@dataclass(frozen=True)
class Item:
    """A metric, or a dimension, whose unit is its type."""

    name: str
    label: str
    description: str
    unit: str
    format: str = ""


@dataclass(frozen=True)
class Answer:
    """Rows, the names of their columns, and what the marts were built from (``newest``)."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    newest: dict[str, Any]


def metrics() -> list[Item]:
    """All metrics."""
    found = []
    for one in engine().manifest["metrics"]:
        unit = one["config"]["meta"]["unit"]
        form = FORMATS.get(unit, ",.2~f")
        found.append(Item(one["name"], one["label"], one["description"], unit, form))
    return sorted(found, key=lambda one: one.name)


def dimensions(*names: str) -> list[Item]:
    """By what a metric can be grouped and filtered, or several together."""
    _check("metric", names)
    found = engine().dimensions([*names])
    return [
        Item(name, one.label or name, one.description or "", one.type.value)
        for name, one in sorted(found.items())
    ]


def saved_queries() -> list[Item]:
    """All saved queries; their unit says what they are."""
    found = [
        Item(one["name"], one["label"], one["description"], "saved query")
        for one in engine().manifest["saved_queries"]
    ]
    return sorted(found, key=lambda one: one.name)


def usual_order(metrics: Names, by: Names) -> tuple[str, ...]:
    """The order of an answer, where none is asked for: by time, then the largest figures first."""
    known = engine().dimensions([*metrics]) if by and metrics else {}
    times = {"metric_time", *(name for name, one in known.items() if one.type.value == "time")}
    periods = [name for name in by if {name, name.rpartition("__")[0]} & times]
    largest = [f"-{name}" for name in metrics[:1] if by]
    return tuple(dict.fromkeys([*periods, *largest, *by]))


def with_dimension(dimension: str, metric: str) -> list[str]:
    """Metrics that have a dimension which a metric lacks.

    First those that its description names, then those of its unit, then those with a similar name.
    """
    items = {one.name: one for one in metrics()}
    asked = items[metric]
    named = re.findall(r"\w+", asked.description)

    def nearness(one: Item) -> tuple[bool, bool, float]:
        similar = SequenceMatcher(None, asked.name, one.name).ratio()
        return one.name in named, one.unit == asked.unit, similar

    having = [one for one in items.values() if _has(dimension, engine().dimensions([one.name]))]
    return [one.name for one in sorted(having, key=nearness, reverse=True)]


def query(metrics: Names = (), by: Names = (), **more: Any) -> Answer:
    """Ask for metrics by dimensions; ``more`` as in ``sql``."""
    statement = sql(tuple(metrics), tuple(by), **more)
    with reading() as cursor:
        return Answer(*rows(cursor, statement), newest(cursor))


@lru_cache(maxsize=1000)
def sql(
    metrics: tuple[str, ...] = (),
    by: tuple[str, ...] = (),
    *,
    where: tuple[str, ...] = (),
    start: date | str | None = None,
    end: date | str | None = None,
    order: tuple[str, ...] = (),
    limit: int | None = None,
    saved: str | None = None,
) -> str:
    """The SQL of a question: from the day ``start`` to ``end``, where all conditions hold (as
    MetricFlow writes them), in the order of columns (``-revenue``: largest first; without:
    ``usual_order``); or that of a saved query, in its own order.

    Raises LoaderError, which names the nearest metric or dimension.
    """
    _check("metric", metrics)
    _check("saved query", [saved] if saved else [])
    days = [None if day is None else datetime.fromisoformat(str(day)) for day in (start, end)]
    request: dict[str, Any] = {
        "metric_names": metrics,
        "group_by_names": by,
        "saved_query_name": saved,
    }
    order = order or (() if saved else usual_order(metrics, by))
    request |= {"where_constraints": where, "order_by_names": order, "limit": limit}
    request |= {"time_constraint_start": days[0], "time_constraint_end": days[1]}
    try:
        return engine().sql(**{name: value for name, value in request.items() if value})
    except Exception as error:  # MetricFlow's are of many classes, each with a page of suggestions
        known = engine().dimensions([*metrics]) if metrics else {}
        for name in (*by, *_NAMED.findall(" ".join(where)), *(name.strip("-") for name in order)):
            if name not in metrics and not _has(name, known):
                raise LoaderError(_no_dimension(name, known, metrics)) from error
        reason = shown(" ".join(str(error).split()), 200)
        raise LoaderError(f"MetricFlow cannot make SQL of this: {reason}") from error


def among(dimension: str, values: Names) -> str:
    """The condition that a dimension has one of these values, whatever letters are in them."""
    quoted = (value.replace("'", "''").replace("{", "' || chr(123) || '") for value in values)
    listed = "', '".join(quoted)
    return f"{{{{ Dimension('{dimension}') }}}} in ('{listed}')"


def _check(kind: str, names: Names) -> None:
    table = {"metric": "metrics", "saved query": "saved_queries"}[kind]
    known = [one["name"] for one in engine().manifest[table]]
    for name in names:
        if name not in known:
            raise LoaderError(_OPTIONAL.format(name) if _optional(name) else _no(kind, name, known))


def _optional(name: str) -> bool:
    """Whether a metric is one of those that are built only with a variable."""
    files = (project_root() / "models" / "external" / "semantic").glob("*.yml")
    return any(f"\n  - name: {name}\n" in file.read_text("utf-8") for file in files)


def _has(name: str, known: Collection[str]) -> bool:
    """Whether a name is one of these dimensions, also with a grain, or the entity of one."""
    entity, _, grain = name.rpartition("__")
    return (
        {name, entity} & {*known} != set()
        or (entity == "metric_time" and grain in _GRAINS)
        or name in {one.rpartition("__")[0] for one in known}
    )


def _no_dimension(name: str, known: Collection[str], of: Names) -> str:
    lacking = [one for one in of if not _has(name, engine().dimensions([one]))]
    having = with_dimension(name, lacking[0]) if lacking else []
    if not having:
        return _no("dimension", name, [*known], *of)
    return (
        f"{' and '.join(lacking)} cannot be grouped or filtered by '{name}'; "
        f"{', '.join(having[:3])} can ('olist metrics' lists them)."
    )


def _no(kind: str, name: str, known: Names, *of: str) -> str:
    nearest = get_close_matches(name, known, n=1, cutoff=0)
    whose = f" of {' and '.join(of)}" if of else ""
    command = " ".join(("olist metrics", *of))
    hint = f"the nearest is '{nearest[0]}' ('{command}' lists them)." if nearest else "none is."
    return f"there is no {kind} '{name}'{whose}; {hint}"


@contextmanager
def reading() -> Iterator[Cursor]:
    """A cursor of the reader in one read-only transaction: all that it reads is of one moment.

    Raises LoaderError when there is no server, or nothing that may be read.
    """
    try:
        with _AT_ONCE, roles.as_role(roles.READER), connection.connect() as link:
            link.set_session(isolation_level="REPEATABLE READ", readonly=True)
            with link.cursor() as cursor:
                yield cursor
    except psycopg2.errors.UndefinedTable as error:
        raise LoaderError(NOTHING_BUILT) from error
    except psycopg2.errors.UndefinedColumn as error:
        raise LoaderError(
            f"{connection.reason_of(error)}: write texts of a condition in single quotes; else this"
            " target was built by another version of the project: run 'dbt build' in it, or choose"
            " another one (OLIST_TARGET)."
        ) from error
    except psycopg2.errors.InsufficientPrivilege as error:
        raise LoaderError(f"{connection.denied(error)}.") from error


def rows(cursor: Cursor, statement: str) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """What a statement gives: names of columns, and rows."""
    cursor.execute(statement)
    return tuple(column.name for column in cursor.description or ()), cursor.fetchall()


def newest(cursor: Cursor) -> dict[str, Any]:
    """What the marts were built from: the row of rpt_freshness. Equal rows mean equal answers."""
    columns, found = rows(cursor, f"select * from {schema_of('reports')}.rpt_freshness")  # noqa: S608
    return dict(zip(columns, found[0], strict=True))
