"""Loads and readers that work beside a dbt build."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2

from loaders.paths import project_root


def olist(variables: Mapping[str, str], *arguments: str | Path) -> "subprocess.Popen[str]":
    """Start an ``olist`` command on a database; its output is one text."""
    left = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    return subprocess.Popen(
        [sys.executable, "-m", "loaders", *map(str, arguments)],
        env={**left, **variables},
        cwd=project_root(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Wait for a command; return its exit status and what it said."""
    said, _ = process.communicate(timeout=300)
    return process.returncode, said


Rows = list[tuple[Any, ...]]


def ask(variables: Mapping[str, str], query: str) -> Rows:
    """Run a query in a session of its own and return its rows, none where it has none."""
    with closing(open_session(variables)) as session, session.cursor() as cursor:
        session.autocommit = True
        cursor.execute(query)
        return cursor.fetchall() if cursor.description else []


def open_session(variables: Mapping[str, str]) -> "psycopg2.extensions.connection":
    """Open a session of our own, which no environment variable redirects."""
    return psycopg2.connect(
        host=variables["PGHOST"],
        port=variables["PGPORT"],
        user=variables["PGUSER"],
        password=variables.get("PGPASSWORD"),
        dbname=variables["PGDATABASE"],
    )


@dataclass
class Loop:
    """What a loop of queries saw: errors, answers and waits, by query."""

    errors: list[str] = field(default_factory=list)
    answers: dict[str, set[tuple[Any, ...]]] = field(default_factory=dict)
    asked: int = 0
    longest: float = 0.0  # seconds


@contextmanager
def asking(variables: Mapping[str, str], *queries: str, every: float = 0.0) -> Iterator[Loop]:
    """Ask queries in turn, again and again, for as long as the block runs."""
    seen, over = Loop(), threading.Event()

    def loop() -> None:
        with closing(open_session(variables)) as session, session.cursor() as cursor:
            session.autocommit = True
            while not over.is_set():
                for query in queries:
                    begun = time.monotonic()
                    try:
                        cursor.execute(query)
                        seen.answers.setdefault(query, set()).update(cursor.fetchall())
                    except psycopg2.Error as error:
                        seen.errors.append(f"{query}: {error}")
                        if session.closed:
                            return
                    seen.asked += 1
                    seen.longest = max(seen.longest, time.monotonic() - begun)
                over.wait(every)

    thread = threading.Thread(target=loop)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()
