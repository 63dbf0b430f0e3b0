"""``olist stream``: land what topics have, again and again, and build what has changed."""

import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Self

import psycopg2
from psycopg2.extensions import connection as Connection

from loaders.build import switches
from loaders.connection import connect
from loaders.dbt import variables
from loaders.errors import LoaderError, PassingError
from loaders.land import land
from loaders.paths import project_root
from loaders.sources.kafka import lock_of_topic, parse

Say = Callable[[str], None]
_PAUSE = 1.0  # seconds before another try
_CANCELED = "the dbt build that ran was canceled: 'dbt build', or the next stream, does it again"


def stream(location: str, every: float, build: float | None, say: Say = print) -> None:
    """Land the topics every so many seconds until SIGTERM or Ctrl-C, which end it after a batch.

    A build that runs then is canceled: it may take minutes, and the next stream begins with one.
    With ``build`` dbt brings the facts up to date, at most every so many seconds. What does not
    answer is waited for; raises LoaderError for what does not go away by itself.
    """
    address = parse(location)
    if address.from_beginning:
        raise LoaderError("?from=beginning is for one load: say it to 'olist land', then stream.")
    over, said = threading.Event(), ""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())

    def say_batch(line: str) -> None:
        if not line.startswith("  ") and not line.endswith("nothing new"):
            say(line)

    with ExitStack() as stack:
        dbt = stack.enter_context(Dbt(build, say)) if build is not None else None
        while not over.is_set():
            try:
                with connect() as holder:
                    _wait_for_turn(holder, sorted(address.tables), over, say)
                    while not over.is_set():
                        begun = time.monotonic()
                        counts = land(location, say=say_batch, holder=holder)
                        said = ""
                        if dbt:
                            dbt.keep_up(has_news=counts.anything)
                        over.wait(begun + every - time.monotonic())
            except (PassingError, psycopg2.OperationalError) as error:
                if str(error) != said:
                    say(f"{str(error).strip()} Retrying until it succeeds.")
                said = str(error)
                over.wait(_PAUSE)
    say("stopped after a complete batch")


def _wait_for_turn(link: Connection, topics: list[str], over: threading.Event, say: Say) -> None:
    """Take the locks of all topics; a call that waits in PostgreSQL would not hear a signal."""
    for topic in topics:
        waits = False
        while not over.is_set():
            with link.cursor() as cursor:
                cursor.execute("select pg_try_advisory_lock(%s)", (lock_of_topic(topic),))
                if cursor.fetchone() == (True,):
                    break
            link.commit()
            if not waits:
                say(f"another sink reads {topic}: waiting for it to end")
            waits = True
            over.wait(_PAUSE)
    link.commit()


class Dbt:
    """A dbt in a process of its own that has read the project and waits for work."""

    def __init__(self, every: float, say: Say) -> None:
        self._every, self._say = every, say
        self._process: subprocess.Popen[str] | None = None
        self._is_stale, self._is_building = True, False
        self._switches: tuple[str, ...] = ()
        self._begun = float("-inf")

    def keep_up(self, *, has_news: bool) -> None:
        """Say what came of a build; begin the next one when there is news and its time has come."""
        self._is_stale |= has_news
        process = self._process
        if self._is_building and process and select.select([process.stdout], [], [], 0)[0]:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            line = process.stdout.readline().strip()
            self._say(line or "dbt ended; it is started again")
            self._is_building = False
            self._is_stale |= not line.startswith("built")  # what was new is still to be built
        if (
            self._is_stale
            and not self._is_building
            and time.monotonic() > self._begun + self._every
        ):
            self._begun, self._is_stale, self._is_building = time.monotonic(), False, True
            self._ask()

    def _ask(self) -> None:
        wanted = switches()
        if self._process is None or self._process.poll() is not None or wanted != self._switches:
            self.__exit__()
            self._switches = wanted
            self._process = subprocess.Popen(
                [sys.executable, "-m", "loaders.dbt", "--serve", *wanted],
                cwd=project_root(),
                env={**os.environ, **(variables(()) or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,  # Ctrl-C is ours to handle
            )
        assert self._process.stdin is not None  # noqa: S101 - it is a pipe
        with suppress(BrokenPipeError):  # it has ended: the next look at its output finds that
            print("build", file=self._process.stdin, flush=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            if self._is_building:
                self._process.send_signal(signal.SIGINT)  # dbt cancels its queries
            said = self._process.communicate()[0]  # without more to do it ends
            if self._is_building:  # unless it came to its end meanwhile
                self._say(said.strip() or _CANCELED)
