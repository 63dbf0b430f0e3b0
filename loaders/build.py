"""``make build``: server, data, landing, dbt build, and a summary of what came of it."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from psycopg2 import sql

from loaders import connection, download, engines, packages, roles, server
from loaders.alerts import watched
from loaders.connection import BUILDING, connect, exclusive
from loaders.dbt import ENGINES, schema_of, target_of
from loaders.errors import LoaderError
from loaders.lake import archiving
from loaders.land import Rules, land, ledger
from loaders.paths import project_root, sample_folder, state_root
from loaders.tables import OPTIONAL

# Unit tests ask whether the SQL is right, not whether the data is: `make test` runs them.
# The SQL of each node is in target/run: dbt need not write it to its log as well.
_DBT = ("build", "--log-level-file", "info")


def build() -> None:
    """Do all of it; safe to repeat from any state.

    Raises LoaderError when a step fails; dbt's own messages stand above it.
    """
    seconds: dict[str, float] = {}

    @contextmanager
    def step(name: str) -> Iterator[None]:
        print(f"\n== {name}", flush=True)
        started = time.perf_counter()
        yield
        seconds[name] = time.perf_counter() - started

    def waiting() -> None:
        print("Another build is running: waiting for it to end.", flush=True)

    if target_of() in ENGINES:  # built whole from the files, by the dbt of loaders/dbt.py
        with step("data"):
            data = os.environ.get("OLIST_DATA") or _files() or ""
            if not data and target_of() == "duckdb" and not engines.has_data():
                data = _sample()
            elif not data:
                print("Data: what this database has read last (OLIST_DATA=path: others).")
        with step("dbt build"):
            packages.install(retry=False)
            _dbt_build({**os.environ, "OLIST_DATA": data})
        return
    with step("server"):
        if connection.external() is None:
            server.up()
        access = roles.access()
    with (
        connection.as_role(access["loader"]),
        connect(autocommit=True) as link,
        exclusive(link, waiting, BUILDING),
    ):
        with step("data"):
            found = _files() or _landed_or_sample()
        if found:
            with step("land"):
                # What comes here is a whole export, so a row that it lacks was removed.
                rules = Rules(allow_removals=os.environ.get("OLIST_ALLOW_REMOVALS") == "1")
                land(found, mode="snapshot", rules=rules, archiving=archiving(), whole=True)
        with step("dbt build"):
            packages.install(retry=False)
            variables = {**os.environ, **access["transformer"]}
            tests = _dbt_build(variables, switches(print))
    with connection.as_role(access["reader"]):
        _summarize(seconds, tests)


def _files() -> str | None:
    """Location of a whole export: what OLIST_DATA names, or Kaggle's; else None."""
    if named := os.environ.get("OLIST_DATA"):
        print(f"Data: {named} (OLIST_DATA).")
        return named if "://" in named else str(Path(named).expanduser())
    if download.has_credentials():
        print("Data: the Olist dataset from Kaggle, with the credentials on this machine.")
        with watched("download from Kaggle"):
            return str(download.download(state_root() / "data"))
    return None


def _landed_or_sample() -> str | None:
    """Location of our own sample; None where somebody landed other data, to build on these."""
    landed = _last_source()
    if landed in {None, str(sample_folder())}:
        return _sample()
    print(f"Data: what has landed already, last from {landed} (OLIST_DATA=path: others).")
    return None


def _sample() -> str:
    """Location of the synthetic files, which are made once and then kept."""
    print(
        "Data: synthetic, the size and shape of the Olist dataset"
        " (OLIST_DATA=path, or Kaggle credentials, for the real one)."
    )
    folder = sample_folder()
    if not (folder / ".complete").exists():
        from loaders.sample import generate  # with numpy

        generate(folder)
        (folder / ".complete").touch()
    return str(folder)


def _last_source() -> str | None:
    """Source of the newest batch that landed rows of the nine tables, or None without any."""
    with connect() as link, link.cursor() as cursor:
        if not ledger.exists(cursor):
            return None
        return next(reversed(ledger.sources(cursor)), None)


def switches(say: Callable[[str], object] = lambda _: None) -> tuple[str, ...]:
    """Arguments of dbt that enable the models of the optional tables of which a row has landed."""
    found: dict[str, bool] = {}
    with connect() as link, link.cursor() as cursor:
        there = ledger.raw_columns(cursor)
        for table in OPTIONAL:
            if table.name in there:
                cursor.execute(sql.SQL("select from {} limit 1").format(ledger.raw(table)))
                if cursor.rowcount:
                    say(f"With {table.name}: an optional table that has landed.")
                    found[f"with_{table.source}"] = True
    return ("--vars", json.dumps(found)) if found else ()


def _dbt_build(environment: Mapping[str, str], switches: Sequence[str] = ()) -> Mapping[str, int]:
    """Run ``dbt build`` with this environment; return the number of tests per status."""
    command = [sys.executable, "-m", "loaders.dbt", *_DBT, *switches]
    if subprocess.run(command, cwd=project_root(), env=environment, check=False).returncode:
        raise LoaderError(
            "dbt build failed, see above; rows that failed a test are in schema audit."
        )
    run = json.loads((project_root() / "target" / "run_results.json").read_text("utf-8"))
    return Counter(
        result["status"] for result in run["results"] if result["unique_id"].startswith("test.")
    )


def _summarize(seconds: Mapping[str, float], tests: Mapping[str, int]) -> None:
    """Print rows per mart, totals, tests, seconds per step, and how to connect."""
    marts = schema_of("marts")
    print("\n== summary")
    with connect() as link, link.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = %s order by 1", (marts,))
        for (table,) in cursor.fetchall():
            cursor.execute(sql.SQL("select count(*) from {}").format(sql.Identifier(marts, table)))
            print(f"  {f'{marts}.{table}':<28} {cursor.fetchall()[0][0]:>10,} rows")
        cursor.execute(
            sql.SQL(
                "select coalesce(sum(items_value), 0), coalesce(sum(freight_value), 0),"
                " coalesce(sum(payments_value), 0) from {}"
            ).format(sql.Identifier(marts, "fct_orders"))
        )
        for name, value in zip(
            ("revenue", "freight", "payments"), cursor.fetchall()[0], strict=True
        ):
            print(f"  {name:<24} R$ {value:>14,.2f}")
    where = connection.environment()
    as_role = " --role reader" if where["PGUSER"] == roles.names()["reader"] else ""
    print(
        f"\n  tests    {tests.get('pass', 0)} passed, {tests.get('warn', 0)} warned"
        f"\n  seconds  {', '.join(f'{name} {spent:.1f}' for name, spent in seconds.items())}"
        f"\n\n  connect  host {where['PGHOST']}, port {where['PGPORT']}, database"
        f" {where['PGDATABASE']}, user {where['PGUSER']}, schemas {marts}"
        f" and {schema_of('reports')}"
        f"\n           password: .venv/bin/olist env{as_role}"
        f"\n  try      .venv/bin/olist psql{as_role} -c 'table {marts}.dim_payment_types'"
        "\n           make docs"
        "\n           .venv/bin/olist status"
    )
