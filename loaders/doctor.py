"""``olist doctor``: what this machine and its server lack, and what to do about each."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from psycopg2.extensions import cursor as Cursor

from loaders import connection, roles, server
from loaders.errors import LoaderError
from loaders.land import ledger
from loaders.paths import project_root, state_root

# What the real dataset takes: raw, marts, indexes, WAL (measured 1.2 GB), and room to rebuild.
_ROOM = 3_000_000_000


class Finding(NamedTuple):
    """What a check found, and what to do about it where that is a problem (else empty)."""

    check: str
    found: str
    remedy: str = ""


def doctor(say: Callable[[str], None] = print) -> None:
    """Print a line for each check: what was found, and what to do where it is not well.

    Raises LoaderError when there is a problem.
    """
    problems = []
    for check, found, remedy in _findings():
        say(f"{'problem' if remedy else 'ok':<8} {check}: {found}")
        if remedy:
            say(f"         → {remedy}")
            problems.append(check)
    if problems:
        raise LoaderError(f"not well: {', '.join(problems)}; what to do stands below each.")


def _findings() -> Iterator[Finding]:
    yield _python()
    yield _disk(state_root())
    yield _command("packages", "pip", "check", remedy="run 'make setup'")
    yield _dbt_packages()
    try:
        yield from _warehouse()
    except LoaderError as error:
        yield Finding("server", "it cannot be used", str(error))
        return
    yield _command("dbt", "loaders.dbt", "debug", remedy="see '.venv/bin/dbt debug'")


def _python() -> Finding:
    found = f"{sys.version.split()[0]} at {sys.executable}"
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return Finding("python", found)
    remedy = "dbt runs on 3.11 to 3.13: remove .venv, run 'make PYTHON=/path/to/python build'"
    return Finding("python", found, remedy)


def _disk(folder: Path) -> Finding:
    there = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
    free = shutil.disk_usage(there).free
    found = f"{free / 1e9:,.1f} GB free in {there}"
    if not os.access(there, os.W_OK):
        return Finding("disk", f"{there} cannot be written", "change its rights")
    remedy = f"make room: the whole dataset needs about {_ROOM / 1e9:.0f} GB while it is built"
    return Finding("disk", found, remedy if free < _ROOM else "")


def _command(check: str, module: str, argument: str, *, remedy: str) -> Finding:
    """Run a module of Python; a problem is the last line that it prints."""
    done = subprocess.run(
        [sys.executable, "-m", module, argument],
        cwd=project_root(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return Finding(check, f"'{module.removeprefix('loaders.')} {argument}' passes")
    lines = f"{done.stderr}\n{done.stdout}".strip().splitlines()
    return Finding(check, lines[-1].strip() if lines else "failed", remedy)


def _dbt_packages() -> Finding:
    folder = project_root() / "dbt_packages" / "dbt_utils"
    if not (folder / "dbt_project.yml").is_file():
        return Finding("dbt packages", "dbt_utils is not there", "run 'olist deps'")
    offline = (folder / "OFFLINE").is_file()
    return Finding("dbt packages", f"dbt_utils, {'the offline stand-in' if offline else 'hub'}")


def _warehouse() -> Iterator[Finding]:
    named = connection.external()
    if named is None and server.environment() is None:
        yield Finding("server", "none yet", "run 'olist up', or set PGHOST")
        return
    with connection.connect() as link, link.cursor() as cursor:
        kind = "embedded" if named is None else "of the environment"
        where, version = link.get_dsn_parameters(), link.server_version // 10000
        place = f"{where['host']}:{where['port']}, database {where['dbname']}"
        yield Finding("server", f"{kind}, PostgreSQL {version}, {place}")
        cursor.execute("show server_encoding")
        encoding = str((cursor.fetchone() or ("",))[0])
        remedy = "make another: create database olist encoding 'UTF8' template template0"
        yield Finding("encoding", encoding, "" if encoding == "UTF8" else remedy)
        yield _roles(cursor)
        if ledger.exists(cursor):
            cursor.execute(
                "select batch_id, status, coalesce(error, source) from raw._batches"
                " order by batch_id desc limit 1"
            )
            number, status, what = cursor.fetchone() or (0, "", "")
            failed = status in {"failed", "crashed"}
            found = f"batch {number} {status}: {what}"
            yield Finding("last load", found, "fix it and land again" if failed else "")
        else:
            yield Finding("last load", "nothing landed yet", "run 'olist land', or 'make build'")


def _roles(cursor: Cursor) -> Finding:
    """What is wrong with the roles; without them, whether the one user may do everything."""
    faults = roles.faults(cursor)
    if faults:
        return Finding("roles", "; ".join(faults), "run 'olist roles' (or with --new-passwords)")
    if faults is not None:
        return Finding("roles", ", ".join(roles.names().values()))
    cursor.execute("select current_user, has_database_privilege(current_database(), 'create')")
    user, may_create = cursor.fetchone() or ("", False)
    remedy = f"as the owner of the database: grant create on database … to {user}"
    return Finding("roles", f"none: {user} does everything", "" if may_create else remedy)
