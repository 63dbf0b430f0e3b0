"""One run of dbt in a process of its own, and what each of its nodes cost by dbt's own log."""

import json
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.process import Cost, run

TESTS = ("test", "unit_test")


@dataclass(frozen=True)
class Node:
    """A node of a run: moments in seconds since the epoch, costs in seconds.

    ``seconds`` is what run_results.json calls execution_time; ``database`` is the part of it that
    dbt waited for ``statements`` statements, ``connections`` the connections it opened for them.
    """

    unique_id: str
    status: str
    began: float
    ended: float
    seconds: float
    database: float = 0.0
    statements: int = 0
    connections: int = 0

    @property
    def kind(self) -> str:
        """Its resource type: model, test, unit_test, seed, snapshot, operation (a hook), …"""
        return self.unique_id.split(".")[0]

    @property
    def name(self) -> str:
        """What people call it."""
        return self.unique_id.split(".", 2)[2]


@dataclass(frozen=True)
class Run:
    """What a run cost, and its nodes in the order they began.

    ``began`` and ``greeted`` are when the process was started and when dbt wrote its first line.
    """

    cost: Cost
    began: float
    greeted: float
    nodes: tuple[Node, ...]

    @property
    def wall(self) -> float:
        """Seconds from the start of the process to its end."""
        return self.cost.wall

    def execution(self, *kinds: str) -> float:
        """Sum of execution of the nodes of these kinds, of all of them without any."""
        return sum(node.seconds for node in self.nodes if not kinds or node.kind in kinds)

    def database(self, *kinds: str) -> float:
        """The part of it that the server took; 0 without ``detail``."""
        return sum(node.database for node in self.nodes if not kinds or node.kind in kinds)

    def count(self, *kinds: str) -> int:
        """Number of nodes of these kinds."""
        return sum(node.kind in kinds for node in self.nodes)


def parse(target: Path) -> None:
    """Read the project, so that the runs that follow find it read. Raises LoaderError."""
    run("loaders.dbt", "parse", *_folders(target))


def dbt(target: Path, *arguments: str, detail: bool = False) -> Run:
    """Run dbt on the database in use; what it writes goes to ``target``.

    With ``detail`` its log is one of JSON, which costs a little, and tells when each node ran and
    what the server took for it. Raises LoaderError with the end of what it said when it fails.
    """
    log = target / "logs" / "dbt.log"
    log.unlink(missing_ok=True)
    began = time.time()
    cost = run("loaders.dbt", *arguments, *_folders(target), *(_DETAIL if detail else ()))
    results = json.loads((target / "run_results.json").read_text("utf-8"))["results"]
    events = list(_events(log)) if detail else []
    return Run(cost, began, events[0][1] if events else began, _nodes(events, results))


def _folders(target: Path) -> tuple[str, ...]:
    return ("--target-path", str(target), "--log-path", str(target / "logs"))


# A log that is rotated would lose its beginning.
_DETAIL = (
    *("--log-format-file", "json"),
    *("--log-level-file", "debug"),
    *("--log-file-max-bytes", "0"),
)
_Event = tuple[str, float, str, dict[str, Any]]


def _events(log: Path) -> Iterator[_Event]:
    """Name, moment, thread and data of each event."""
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            info = event["info"]
            yield info["name"], _moment(info["ts"]), info["thread"], event["data"]


def _nodes(events: list[_Event], results: list[dict[str, Any]]) -> tuple[Node, ...]:
    """Nodes in the order they began; a thread has one node at a time, and its statements."""
    at_work: dict[str, str] = {}
    spans: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    database: dict[str, float] = defaultdict(float)
    statements: dict[str, int] = defaultdict(int)
    connections: dict[str, int] = defaultdict(int)
    for name, moment, thread, data in events:
        if name in {"NodeStart", "LogHookStartLine"}:
            at_work[thread] = data["node_info"]["unique_id"]
            spans[at_work[thread]][0] = moment
        elif name in {"NodeFinished", "LogHookEndLine"}:
            spans[data["node_info"]["unique_id"]][1] = moment
            at_work.pop(thread, None)
        elif thread in at_work and name == "SQLQueryStatus":
            database[at_work[thread]] += data["elapsed"]
            statements[at_work[thread]] += 1
        elif thread in at_work and name == "NewConnectionOpening":
            connections[at_work[thread]] += 1
    nodes = [
        Node(
            unique_id=(key := result["unique_id"]),
            status=result["status"],
            began=spans[key][0],
            ended=spans[key][1],
            seconds=result["execution_time"],
            database=database[key],
            statements=statements[key],
            connections=connections[key],
        )
        for result in results
    ]
    return tuple(sorted(nodes, key=lambda node: node.began))


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
