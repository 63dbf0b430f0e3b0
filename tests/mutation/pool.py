"""Groups of mutants in processes of their own, some at a time; none outlives the run."""

import signal
import traceback
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path

from loaders.errors import LoaderError

from .groups import Group, run
from .verdicts import Verdict

_SPAWN = get_context("spawn")
Tell = Callable[[str, Verdict], None]


def run_all(groups: Sequence[Group], work: Path, jobs: int, tell: Tell) -> None:
    """Try the mutants of all groups, the longest group first; ``tell`` gets each verdict by id.

    dbt keeps state in its process and cannot work on two projects at once in one, hence processes.
    Raises LoaderError when a group cannot be tried.
    """
    waiting = sorted(groups, key=lambda group: (-len(group.mutants), group.number))
    running: dict[Connection, SpawnProcess] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                here, there = _SPAWN.Pipe(duplex=False)
                process = _SPAWN.Process(target=_work, args=(waiting.pop(0), work, there))
                process.start()
                there.close()
                running[here] = process
            for ready in wait(list(running)):
                assert isinstance(ready, Connection)  # what was given to wait
                if _is_finished(ready, tell):
                    running.pop(ready).join()
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.join()


def _is_finished(messages: Connection, tell: Tell) -> bool:
    """Take one message of a worker; whether it was the last."""
    try:
        message = messages.recv()
    except EOFError:
        raise LoaderError("A worker ended in the middle of its mutants.") from None
    if isinstance(message, str):
        raise LoaderError(message)
    if message is not None:
        tell(*message)
    return message is None


def _work(group: Group, work: Path, messages: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    try:
        run(group, work, lambda name, outcome: messages.send((name, outcome)))
    except LoaderError as error:
        messages.send(str(error))
    except Exception as error:  # a worker's own fault: say where
        messages.send("".join(traceback.format_exception_only(error)).strip())
        raise
    else:
        messages.send(None)
