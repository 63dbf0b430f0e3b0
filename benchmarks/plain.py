"""The reference of the builds: the same star as plain SQL, through psql in one session.

``benchmarks/star/*.sql`` reads ``raw`` and makes, in schema ``plain``, the tables of ``marts``: the
same columns, types, keys, indexes and rows, as directly as we know how. It trusts its input (a
value that cannot be cast stops it), keeps no history, and knows nothing of a run before.
``tests/python/test_plain_star.py`` compares every table with dbt's, row for row.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from loaders import connection, server
from loaders.errors import LoaderError
from loaders.paths import project_root

SCHEMA = "plain"
FOLDER = Path(__file__).parent / "star"
TABLES = ("seeds", "geographies", "dimensions", "facts", "histories")
FOREIGN_KEYS = "foreign_keys"


def build(parts: Sequence[str] = (*TABLES, FOREIGN_KEYS)) -> None:
    """Make the star anew in the database in use, or some of its files; raises LoaderError."""
    psql = server.find_psql()
    if psql is None:
        raise LoaderError("psql was not found: install a PostgreSQL client, or set PGBIN.")
    files = [word for part in parts for word in ("-f", str(FOLDER / f"{part}.sql"))]
    done = subprocess.run(
        [str(psql), "-X", "-q", "-v", "ON_ERROR_STOP=1", *files],
        cwd=project_root(),  # the seeds are read from there
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise LoaderError(f"The plain star failed: {done.stderr.strip()}")


def forget() -> None:
    """Drop it."""
    with connection.connect(autocommit=True) as link, link.cursor() as cursor:
        cursor.execute(f"set client_min_messages = warning; drop schema if exists {SCHEMA} cascade")
