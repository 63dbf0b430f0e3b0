"""The tools of the agent: what assistants, ``olist ask`` and tests call. Each call is logged."""

import getpass
import json
import math
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import Any

from psycopg2 import sql as compose

import metrics as layer
from agent import find as finder
from agent import gate
from loaders.answers import about, analyses
from loaders.errors import LoaderError, sentence_of, shown

Json = dict[str, Any]
TOOLS: list[Callable[..., Json]] = []
_REF = re.compile(r"\{\{ ref\('(\w+)'\) \}\}")


@contextmanager
def state_folder() -> Iterator[Path]:
    """Where this user's log and conversations are kept. Raises LoaderError where they cannot be."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    folder = Path(home) / "olist"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        yield folder
    except OSError as error:
        reason = f"the log and conversations cannot be kept in {folder}: {error.strerror}"
        raise LoaderError(f"{reason} (XDG_STATE_HOME names another place).") from error


def tool(function: Callable[..., Json]) -> Callable[..., Json]:
    """Make a function a tool: its calls are logged, and what a user can fix is a LoaderError."""

    @wraps(function)
    def called(**arguments: Any) -> Json:
        began, answer, problem = time.monotonic(), {}, None
        try:
            answer = function(**arguments)
        except Exception as error:
            sentence = sentence_of(error)
            problem = sentence or type(error).__name__
            if sentence is None:
                raise
            raise LoaderError(sentence) from error
        finally:
            line = {
                "at": datetime.now().astimezone().isoformat(timespec="milliseconds"),
                "who": getpass.getuser(),
                "tool": function.__name__.strip("_"),
                "arguments": arguments,
                "rows": len(answer.get("rows") or answer.get("found") or ()),
                "milliseconds": round(1000 * (time.monotonic() - began)),
                "error": problem,
            }
            with (
                state_folder() as folder,
                open(folder / "calls.jsonl", "a", encoding="utf-8", opener=_private) as log,
            ):
                log.write(json.dumps(line, default=str) + "\n")
        return answer

    TOOLS.append(called)
    return called


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


@tool
def find(question: str) -> Json:
    """Find metrics, reports, analyses, dimensions, columns and documents that fit a question.

    Begin here. Best first; prefer a metric, report or analysis to SQL of your own.
    """
    found = finder.find(question)
    keys = ("kind", "name", "description")
    return {"found": [{key: shown(getattr(one, key), 400) for key in keys} for one in found]}


@tool
def metrics(
    names: list[str],
    by: list[str] = [],
    where: dict[str, list[str]] = {},
    start: date | None = None,
    end: date | None = None,
    order: list[str] = [],
    limit: int = gate.ROWS,
) -> Json:
    """Compute metrics by dimensions, as they are defined once for everybody.

    `by`: dimensions, as `find` or an error names them; time is metric_time__month (day, week,
    quarter, year). `where`: values of a dimension, {"customer_geography__state_code": ["SP"]}.
    `start`, `end`: first and last day. `order`: columns, "-revenue" for the largest first
    (without: by time, then the largest first).
    """
    for name in (*names, *by, *where, *(one.removeprefix("-") for one in order)):
        if not re.fullmatch(r"\w+", name):  # a condition is a template
            raise LoaderError(f"'{shown(name)}' is no name of a metric or dimension.")
    for name in names:
        _known("metric", name, finder.metrics())
    known = {one.name for one in layer.dimensions(*names)} if names else set()
    for name in where:
        if name not in known:
            layer.sql((*names,), (name,))  # says which dimension is nearest
    limit = max(1, min(limit, gate.ROWS))
    question: Json = {
        "where": tuple(layer.among(name, values) for name, values in where.items()),
        **{"start": start, "end": end, "limit": limit + 1},
        "order": tuple(order) or layer.usual_order(names, by),
    }
    answer = layer.query((*names,), (*by,), **question)
    asked = {name: finder.metrics()[name] for name in names}
    return {
        **_table(answer.columns, answer.rows, limit),
        "units": {name: one["config"]["meta"]["unit"] for name, one in asked.items()},
        "definition": {
            name: f"{one['label']}: {one['description']}"
            f" (docs/metrics.md#{one['config']['meta']['definition']})"
            for name, one in asked.items()
        },
        "period": {"start": start, "end": end},
        "order": [*question["order"]],
        "sql": layer.sql((*names,), (*by,), **question),
        **_as_of(answer.newest),
    }


@tool
def report(
    name: str,
    columns: list[str] = [],
    where: dict[str, list[str]] = {},
    order: list[str] = [],
    limit: int = gate.ROWS,
) -> Json:
    """Rows of a report or table, as `describe` shows it.

    `where`: values of a column, {"state_code": ["SP"]}. `order`: columns, "-revenue" for the
    largest first.
    """
    node = _known("report or table", name, finder.tables())
    for column in (*columns, *where, *(one.removeprefix("-") for one in order)):
        _known(f"column of {name}", column, node["columns"])
    limit = max(1, min(limit, gate.ROWS))
    chosen = [compose.Identifier(column) for column in columns or node["columns"]]
    kept = [
        compose.SQL("{}::text = any({})").format(
            compose.Identifier(column), compose.Literal(values)
        )
        for column, values in where.items()
    ]
    sorts = [
        compose.SQL("{} " + "desc nulls last" * (one[0] == "-")).format(
            compose.Identifier(one.removeprefix("-"))
        )
        for one in order
    ]
    query = compose.SQL("select {} from {}{}{} limit {}").format(
        compose.SQL(", ").join(chosen),
        compose.Identifier(node["schema"], name),
        compose.SQL(" where " if kept else "") + compose.SQL(" and ").join(kept),
        compose.SQL(" order by " if sorts else "") + compose.SQL(", ").join(sorts),
        compose.Literal(limit + 1),
    )
    return {**_read(query, limit), "definition": {name: node["description"]}}


@tool
def answer(name: str, limit: int = gate.ROWS) -> Json:
    """Run one of the project's analyses as it is."""
    file = _known("analysis", name, analyses())
    nodes = finder.tables()
    text = _REF.sub(
        lambda of: '"{schema}"."{name}"'.format(**nodes[of[1]]), file.read_text("utf-8")
    )
    return {**_read(text, max(1, min(limit, gate.ROWS))), "definition": {name: about(file)}}


@tool
def describe(table: str) -> Json:
    """Describe a table of marts or reports: grain, key, columns, where keys lead, traps."""
    node = _known("table", table.rpartition(".")[2], finder.tables())
    nodes = finder.project()["nodes"]
    leads = {
        column: f"{re.findall(r'[a-z_]+', to['to'])[1]}.{to['field']}"
        for one in nodes.values()
        if (one.get("test_metadata") or {}).get("name") == "foreign_keys"
        and node["unique_id"] == one["attached_node"]
        for column, to in one["test_metadata"]["kwargs"]["columns"].items()
    }
    traps = [
        about(analyses()[one["name"]]).partition("Trap: ")[2]
        for one in nodes.values()
        if one["resource_type"] == "analysis" and node["unique_id"] in one["depends_on"]["nodes"]
    ]
    columns = [
        {"name": one["name"], "type": one["data_type"], "description": one["description"]}
        for one in node["columns"].values()
    ]
    return {
        "table": f"{node['schema']}.{node['name']}",
        "description": node["description"],
        "key": node["config"]["unique_key"],
        "leads_to": leads,
        "columns": columns,
        "traps": traps,
    }


@tool
def read(document: str) -> Json:
    """Read a document of the project."""
    file = _known("document", document, finder.documents())
    return {"document": document, "text": file.read_text("utf-8")}


@tool
def sql(query: str) -> Json:
    """Run one SELECT of your own on marts and reports: the last resort.

    No metric defines its figures: say so, and that they are ad hoc.
    """
    columns, rows = gate.run(query, rows=gate.ROWS + 1)
    note = "ad hoc: no metric of the project defines these figures"
    return {**_table(columns, rows, gate.ROWS), "note": note, "sql": query}


def _read(query: Any, limit: int) -> Json:
    with layer.reading() as cursor:
        columns, rows = layer.rows(cursor, query)
        text = query if isinstance(query, str) else query.as_string(cursor)
        return {**_table(columns, rows, limit), "sql": text, **_as_of(layer.newest(cursor))}


def _known(kind: str, name: str, known: Any) -> Any:
    if name not in known:
        (nearest,) = get_close_matches(name, known, n=1, cutoff=0)
        raise LoaderError(f"there is no {kind} '{shown(name)}'; the nearest is '{nearest}'.")
    return known[name]


def _table(columns: Any, rows: list[Any], limit: int) -> Json:
    made: Json = {"columns": [*columns], "rows": [[*map(_cell, row)] for row in rows[:limit]]}
    return made | ({"more": f"only the first {limit} rows"} if len(rows) > limit else {})


def _cell(value: Any) -> Any:
    match value:
        case Decimal() | float() if not math.isfinite(value):  # or larger than a float: not in JSON
            return str(Decimal(value))
        case Decimal():  # 2.00 is an amount, 2 a count
            return int(value) if value.as_tuple().exponent == 0 else float(value)
        case datetime() if value.time() == value.time().min:
            return value.date().isoformat()
        case None | bool() | int() | float() | str():
            return value
    return value.isoformat() if isinstance(value, date) else str(value)


def _as_of(newest: Json) -> Json:
    return {"batch": newest["built_batch_id"], "landed": str(newest["built_batch_landed_at"])}
