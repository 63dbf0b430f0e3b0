"""``olist doctor``: what this machine and its server lack, and what to do about each."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple

from psycopg2.errors import InsufficientPrivilege
from psycopg2.extensions import cursor as Cursor

from loaders import connection, roles
from loaders.errors import LoaderError
from loaders.land import ledger
from loaders.paths import project_root, state_root
from loaders.status import NOTHING_LANDED

# What the real dataset takes: raw, marts, indexes, WAL (measured 1.2 GB), and room to rebuild.
_ROOM = 3_000_000_000


class Finding(NamedTuple):
    """What a check found, and what to do about it where that is a problem (else empty).

    A ``note`` stops nobody: it is about the data, which the next load may put right.
    """

    check: str
    found: str
    remedy: str = ""
    note: bool = False


def doctor() -> None:
    """Print a line for each check: what was found, and a fix for each problem.

    Raises LoaderError when there is a problem.
    """
    problems = []
    for check, found, remedy, note in _findings():
        kind = "note" if note else "problem" if remedy else "ok"
        print(f"{kind:<8} {check}: {found}")
        if remedy:
            print(f"         → {remedy}")
        if kind == "problem":
            problems.append(check)
    if problems:
        raise LoaderError(f"problems with {', '.join(problems)}; fixes are listed above.")


def _findings() -> Iterator[Finding]:
    yield _command("packages", "pip", "check", remedy="run 'make setup'")
    folder = next(one for one in (state_root(), *state_root().parents) if one.is_dir())
    free = shutil.disk_usage(folder).free
    is_well = free >= _ROOM and os.access(folder, os.W_OK)
    remedy = f"a build of the real data needs about {_ROOM / 1e9:.0f} GB that you may write"
    yield Finding("disk", f"{free / 1e9:,.1f} GB free in {folder}", "" if is_well else remedy)
    try:
        yield from _warehouse()
    except LoaderError as error:
        yield Finding("server", "it cannot be used", str(error))
        return
    yield _command("dbt", "loaders.dbt", "debug", remedy="see '.venv/bin/dbt debug'")


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


def _warehouse() -> Iterator[Finding]:
    with connection.connect() as link, link.cursor() as cursor:
        where, version = link.get_dsn_parameters(), link.server_version // 10000
        kind = "embedded" if connection.external() is None else "of the environment"
        place = f"{where['host']}:{where['port']}, database {where['dbname']}"
        yield Finding("server", f"{kind}, PostgreSQL {version}, {place}")
        faults = roles.faults(cursor)
        if faults is None:
            yield Finding("roles", f"none: {where['user']} does everything")
        else:
            found = "; ".join(faults) or ", ".join(roles.names().values())
            remedy = "run 'olist roles' (or with --new-passwords)" if faults else ""
            yield Finding("roles", found, remedy)
        try:
            yield from _last_load(cursor)
        except InsufficientPrivilege as error:
            yield Finding("last load", "it cannot be read", f"{connection.denied(error)}.")


def _last_load(cursor: Cursor) -> Iterator[Finding]:
    if not ledger.exists(cursor):
        yield Finding("last load", "none", NOTHING_LANDED, note=True)
        return
    cursor.execute(
        "select format('batch %s %s', batch_id, status), source, error"
        " from raw._batches order by batch_id desc limit 1"
    )
    for batch, source, error in cursor.fetchall():
        found = f"{batch}: {ledger.of_source(source, error) if error else source}"
        remedy = "fix it and land again" if error else ""
        yield Finding("last load", found, remedy, note=error is not None)
