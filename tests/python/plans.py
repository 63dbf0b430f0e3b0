"""Plans of what dbt runs, as PostgreSQL's auto_explain tells them to the session that runs it."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest

# Every statement with what it read. Timing off: nobody here asks how long a node took.
_SETTINGS = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_verbose": "on",
    "auto_explain.log_format": "json",
    "auto_explain.log_level": "notice",
}
_NODE = re.compile(r'"node_id": "([^"]+)"')


@dataclass(frozen=True)
class Step:
    """One node of one plan, and the dbt node (``model.olist_warehouse.fct_orders``) that ran it."""

    dbt_node: str
    node: dict[str, Any]

    @property
    def relation(self) -> str:
        """Schema and table that it scans; empty where it scans none."""
        return ".".join(filter(None, (self.node.get("Schema"), self.node.get("Relation Name"))))

    @property
    def rows_read(self) -> int:
        """Rows that it looked at, also those that its filter dropped."""
        rows = self.node["Actual Rows"] + self.node.get("Rows Removed by Filter", 0)
        return int(rows * self.node["Actual Loops"])

    @property
    def spills(self) -> bool:
        """Whether it wrote to disk what did not fit into work_mem."""
        return bool(
            self.node.get("Sort Space Type") == "Disk"
            or self.node.get("Hash Batches", 1) > 1
            or self.node.get("Disk Usage", 0) > 0
        )

    def __str__(self) -> str:
        """How a failing test names it."""
        what = " ".join(
            str(self.node[name])
            for name in ("Node Type", "Schema", "Relation Name", "Sort Space Used", "Hash Batches")
            if name in self.node
        )
        return f"{self.dbt_node}: {what}, {self.rows_read} rows"


class _Notices:
    """What sessions are told; of a list, psycopg2 keeps the last fifty only."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def append(self, notice: str) -> None:
        self.all.append(notice)


@contextmanager
def plans(**settings: str) -> Iterator[list[Step]]:
    """Fill the list with the plans of all that dbt runs in this process, when the block ends.

    ``settings`` are for its sessions. Skips the test where the role may not load auto_explain.
    """
    options = " ".join(f"-c {name}={value}" for name, value in (_SETTINGS | settings).items())
    told, steps = _Notices(), list[Step]()
    connect = psycopg2.connect

    def listening(*arguments: Any, **named: Any) -> Any:
        try:
            session = connect(*arguments, **{**named, "options": options})
        except psycopg2.OperationalError as error:
            if "permission denied" in str(error):
                pytest.skip("auto_explain is for superusers")
            raise
        session.notices = told
        return session

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(psycopg2, "connect", listening)
        yield steps
    for notice in told.all:
        if " plan:\n" in notice:
            plan, _ = json.JSONDecoder().raw_decode(notice, notice.index("{"))
            found = _NODE.search(plan["Query Text"])
            steps.extend(Step(found[1] if found else "", node) for node in _nodes(plan["Plan"]))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
