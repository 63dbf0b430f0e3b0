"""Variants of one question: what each prepares, what is timed, and the table of both."""

import os
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor


@dataclass(frozen=True)
class Variant:
    """One way of doing it: statements before the clock runs, and those that it times."""

    name: str
    work: tuple[str, ...]
    setup: tuple[str, ...] = ()


@dataclass(frozen=True)
class Experiment:
    """A question and its variants; the first of them is what the others are compared with.

    ``fresh`` prepares each variant before each repetition, for work that changes its tables.
    """

    name: str
    question: str
    variants: tuple[Variant, ...]
    fresh: bool = False


@dataclass(frozen=True)
class Figures:
    """What a variant took: medians in seconds, and the megabytes of its tables and indexes.

    ``cpu`` is that of the server process of the session, which other programs on the machine
    hardly change; None where the server is on another machine.
    """

    variant: str
    wall: float
    cpu: float | None
    megabytes: float


def measure(link: Connection, experiment: Experiment, repeats: int) -> list[Figures]:
    """Run the variants in turns, in schemas of their own, and drop those."""
    link.autocommit = True
    taken: list[list[tuple[float, float | None]]] = [[] for _ in experiment.variants]
    megabytes = [0.0] * len(experiment.variants)
    with link.cursor() as cursor:
        try:
            for turn in range(repeats):
                for number, variant in enumerate(experiment.variants):
                    _enter(cursor, number, variant, afresh=experiment.fresh or not turn)
                    taken[number].append(_timed(cursor, variant.work))
                    megabytes[number] = _megabytes(cursor)
        finally:
            for number in range(len(experiment.variants)):
                cursor.execute(f"drop schema if exists trial_{number} cascade")
            cursor.execute("reset all")
    return [
        Figures(variant.name, _median(wall), None if None in cpu else _median(cpu), size)
        for variant, times, size in zip(experiment.variants, taken, megabytes, strict=True)
        for wall, cpu in [zip(*times, strict=True)]
    ]


def table(experiment: Experiment, figures: list[Figures]) -> str:
    """The figures as Markdown; ratios are of processor time where there is one."""
    lines = [
        f"## {experiment.name}: {experiment.question}",
        "",
        "| variant | processor s | wall s | to the first | MB |",
        "|---|---|---|---|---|",
    ]
    first = figures[0]
    for one in figures:
        ratio = one.wall / first.wall
        if one.cpu is not None and first.cpu:
            ratio = one.cpu / first.cpu
        cpu = "-" if one.cpu is None else f"{one.cpu:.2f}"
        lines.append(
            f"| {one.variant} | {cpu} | {one.wall:.2f} | {ratio:.2f} | {one.megabytes:.0f} |"
        )
    return "\n".join(lines) + "\n"


def _enter(cursor: Cursor, number: int, variant: Variant, *, afresh: bool) -> None:
    cursor.execute("reset all")
    if afresh:
        cursor.execute(f"drop schema if exists trial_{number} cascade")
        cursor.execute(f"create schema trial_{number}")
    cursor.execute(f"set search_path = trial_{number}")
    if afresh:
        for statement in variant.setup:
            cursor.execute(statement)


def _timed(cursor: Cursor, statements: tuple[str, ...]) -> tuple[float, float | None]:
    cursor.execute("select pg_backend_pid()")
    ((pid,),) = cursor.fetchall()
    cpu, began = _processor(pid), time.perf_counter()
    for statement in statements:
        cursor.execute(statement)
    wall, now = time.perf_counter() - began, _processor(pid)
    return wall, None if cpu is None or now is None else now - cpu


def _processor(pid: int) -> float | None:
    """Seconds of processor that a process of this machine has had, as Linux counts them."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _megabytes(cursor: Cursor) -> float:
    cursor.execute(
        "select coalesce(sum(pg_total_relation_size(oid)), 0) / 1e6 from pg_class"
        " where relnamespace = current_schema()::regnamespace and relkind = 'r'"
    )
    ((size,),) = cursor.fetchall()
    return float(size)


def _median(values: Any) -> float:
    return float(statistics.median(values))
