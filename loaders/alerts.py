"""Alerts to the addresses of OLIST_NOTIFY: of each problem once, and once that it is over.

What was told is kept in a file of the server's folder: it is there when the database is not, and
every command and orchestrator of a checkout shares it (docs/alerts.md).
"""

import fcntl
import json
import logging
import os
import socket
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from loaders import connection, server
from loaders.dbt import target_of
from loaders.errors import LoaderError, redact, sentence_of, shown
from loaders.paths import project_root, server_folder
from loaders.server import files

ADDRESSES = "OLIST_NOTIFY"
BUILD, DATA = "dbt build", "freshness of the data"
_TOLD = "alerts.json"
_MOST = 20  # problems in one message
_RUNS = {"build", "retry", "run", "test"}
_SELECTING = {"-s", "-m", "--select", "--models", "--exclude", "--selector", "--resource-type"}
_WELL = {"success", "pass", "warn", "no-op", "skipped"}
_DBT = "dbt"  # name of a problem before the first model


def landing(location: object) -> str:
    """What the load of a location is called; an orchestrator knows it by the same name."""
    return f"load of {redact(str(location))}"


@contextmanager
def watched(subject: str) -> Iterator[None]:
    """Send an alert when the block fails, and one when it works again."""
    try:
        yield
    except Exception as error:
        update(subject, {subject: sentence_of(error) or f"{type(error).__name__}: {error}"})
        raise
    update(subject, {})


def update(subject: str, problems: Mapping[str, str], asked: Collection[str] | None = None) -> None:
    """Send those problems of a subject that were not told yet, or that none is left.

    ``problems`` has a sentence for each name. What was told of a name that was not ``asked`` about
    (None: all were) still holds. It never raises: an alert that cannot be sent is reported on
    stderr, and sent the next time.
    """
    if not os.environ.get(ADDRESSES):
        return
    try:
        with _told() as told:
            before = {*told.get(subject, ())}
            now = {*problems, *(before.difference(asked) if asked is not None else ())}
            if new := [text for name, text in problems.items() if name not in before]:
                more = [f"… and {len(new) - _MOST:,} more"] if len(new) > _MOST else []
                is_sent = _send(f"{subject} failed", [*new[:_MOST], *more], "failure")
            else:
                is_sent = bool(now) or not before or _send(f"{subject} works again", [], "success")
            if is_sent:
                told[subject] = sorted(now)
    except (LoaderError, OSError, ImportError) as error:
        _warn(sentence_of(error) or str(error))


def failed(subject: str) -> None:
    """Send that a subject failed, unless a problem of it was sent that is not over."""
    subject = redact(subject)
    with _told() as told:
        is_told = bool(told.get(subject))
    if not is_told:
        update(subject, {subject: "It ended without reporting an error (killed?): see its log."})


def send_test() -> None:
    """Send a test message. Raises LoaderError where it does not reach every address."""
    if not (count := len(os.environ.get(ADDRESSES, "").split())):
        raise LoaderError(f"{ADDRESSES} has no address (docs/alerts.md).")
    if not _send("test message", ["Alerts of this warehouse come here."], "info", to_all=True):
        raise LoaderError("the test message did not reach every address, see above.")
    print(f"The test message reached {count} address{'es' if count > 1 else ''}.")


def dbt_ended(arguments: Sequence[str], status: object, since: float) -> None:
    """Send what failed in a run of dbt that builds, tests or asks for freshness.

    ``since`` is when it began: what dbt wrote before is of another run.
    """
    target = target_of(arguments)
    of_target = "" if target == "postgres" else f" ({target})"
    nothing = {_DBT: f"dbt ended with status {status} before it ran anything: see its log"}
    if "freshness" in arguments:
        results = _results(arguments, "sources.json", since)
        stale = _stale(results or ()) or (nothing if status and results is None else {})
        update(DATA + of_target, stale)
    elif commands := _RUNS.intersection(arguments):
        results = _results(arguments, "run_results.json", since) or []
        problems = _failures(results) or (nothing if status else {})
        options = {argument.partition("=")[0] for argument in arguments}
        is_whole = not status and commands == {"build"} and options.isdisjoint(_SELECTING)
        ran = {each["unique_id"] for each in results if each["status"] != "skipped"}
        subject = BUILD + of_target
        update(subject, problems, None if is_whole else {_DBT, subject, *ran})


def _results(arguments: Sequence[str], name: str, since: float) -> list[dict[str, Any]] | None:
    """What this run of dbt has written of its nodes; None where it wrote nothing."""
    folder = os.environ.get("DBT_TARGET_PATH", "target")
    for option, value in zip(arguments, [*arguments[1:], ""], strict=True):
        if option.startswith("--target-path"):
            folder = option.partition("=")[2] or value
    path = project_root() / folder / name
    try:
        if path.stat().st_mtime < since:
            return None
        results: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["results"]
    except (OSError, ValueError, KeyError):
        return None
    return results


def _failures(results: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A sentence for each node that failed: of a test its name, its rows and where they are."""
    found = {}
    for each in results:
        if each["status"] in _WELL:
            continue
        kind, _, name = each["unique_id"].split(".")[:3]
        where = str(each.get("relation_name") or "").replace('"', "")
        if each["status"] == "fail":
            rows = "1 row" if each["failures"] == 1 else f"{each['failures']:,} rows"
            said = f"{rows}, in {where}" if where else rows
        else:
            said = shown(" ".join(str(each["message"] or each["status"]).split()), 300)
        found[each["unique_id"]] = f"{kind} {name}: {redact(said)}"
    return found


def _stale(results: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """A sentence for each table whose newest row is older than its source allows."""
    found = {}
    for each in results:
        if each["status"] == "pass":
            continue
        table = each["unique_id"].rpartition(".")[2]
        if (age := each.get("max_loaded_at_time_ago_in_s")) is None:
            said = shown(" ".join(str(each.get("error") or each["status"]).split()), 300)
        else:
            said = f"the newest rows landed {age / 3600:,.0f} hours ago, which is too long"
        found[each["unique_id"]] = f"{table}: {redact(said)}"
    return found


@contextmanager
def _told() -> Iterator[dict[str, list[str]]]:
    """The names of problems that were told of each subject of the warehouse in use, to be changed.

    Whoever comes meanwhile waits: two commands do not tell the same. LoaderError.
    """
    with files.locked():
        pass  # makes the folder
    with files.used(server_folder() / _TOLD), files.open_own(_TOLD) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        try:
            whole = json.load(file)
        except ValueError:  # empty or damaged: what is wrong is told once more
            whole = {}
        told = whole.setdefault(_warehouse(), {})
        before = json.dumps(whole)
        yield told
        whole[_warehouse()] = {subject: names for subject, names in told.items() if names}
        if json.dumps(whole) != before:
            file.truncate(0)
            json.dump(whole, file, indent=2)


def _warehouse() -> str:
    """What a message calls the warehouse in use, whether it answers or not."""
    named, own = connection.external(), server.environment()
    # dbt has the embedded server's variables in its environment.
    if named and (own is None or any(named[key] != own[key] for key in ("PGHOST", "PGPORT"))):
        return "{PGHOST}:{PGPORT}/{PGDATABASE}".format(**named)
    return f"{socket.gethostname()}:{project_root()}"


def _send(title: str, lines: Sequence[str], kind: str, *, to_all: bool = False) -> bool:
    """Send a message; return whether it reached one address, or all of them. ImportError."""
    import apprise  # noqa: PLC0415 - takes half a second, and only who is to be told needs it

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its warnings may show addresses
    body, reached = redact("\n".join([*lines, f"Warehouse: {_warehouse()}"])), []
    for position, address in enumerate(os.environ[ADDRESSES].split(), start=1):
        one = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
        reached.append(
            one.add(address)
            and bool(one.notify(body=body, title=f"olist: {title}", notify_type=kind))
        )
        if not reached[-1]:
            scheme = shown(address.partition("://")[0])
            _warn(f"the alert '{title}' did not reach address {position} ({scheme}://…).")
    return all(reached) if to_all else any(reached)


def _warn(sentence: str) -> None:
    print(f"{ADDRESSES}: {sentence}", file=sys.stderr)
