"""dbt in a process of its own on the database in use, and the database that it builds in."""

import json
from dataclasses import dataclass
from pathlib import Path

from psycopg2 import sql

from benchmarks.settings import Cost, run
from loaders import connection

FACTS = ("fct_orders", "fct_order_items", "fct_payments", "fct_reviews")
NO_TESTS = ("--exclude-resource-type", "test", "unit_test")
# The star alone, which the plain star and the peers are: tests go with what they read.
STAR = ("--exclude", "path:models/reports", "path:models/audit/reports")
_KEPT = ("raw", "public", "information_schema")


@dataclass(frozen=True)
class Run:
    """What a run cost; seconds of each node by its unique id, as dbt has it, and of the server."""

    cost: Cost
    nodes: dict[str, float]
    server: float

    @property
    def wall(self) -> float:
        """Seconds from the start of the process to its end."""
        return self.cost.wall

    @property
    def models(self) -> float:
        """Sum of execution of the models."""
        return sum(cost for name, cost in self.nodes.items() if name.startswith("model."))

    def count(self, *kinds: str) -> int:
        """Number of nodes of these kinds."""
        return sum(name.split(".")[0] in kinds for name in self.nodes)


def parse(target: Path) -> None:
    """Read the project, so that the runs that follow find it read. Raises LoaderError."""
    run("loaders.dbt", "parse", *_folders(target))


def dbt(target: Path, *arguments: str) -> Run:
    """Run dbt on the database in use; what it writes goes to ``target``. Raises LoaderError."""
    before = _seconds_of_statements()
    cost = run("loaders.dbt", *arguments, *_folders(target))
    results = json.loads((target / "run_results.json").read_text("utf-8"))["results"]
    nodes = {one["unique_id"]: one["execution_time"] for one in results}
    return Run(cost, nodes, _seconds_of_statements() - before)


def _seconds_of_statements() -> float:
    query = "select active_time / 1000 from pg_stat_database where datname = current_database()"
    return float(str(ask(query)[0][0]))


def _folders(target: Path) -> tuple[str, ...]:
    return ("--target-path", str(target), "--log-path", str(target / "logs"))


def empty() -> None:
    """Drop all schemas but ``raw``: the next build starts from an empty database."""
    query = "select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> all(%s)"
    with connection.connect(autocommit=True) as link, link.cursor() as cursor:
        cursor.execute(query, (list(_KEPT),))
        schemas = [name for (name,) in cursor.fetchall()]
        cursor.execute("set client_min_messages = warning")
        for schema in schemas:
            cursor.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
        # What this and earlier work left to write is not written during the next one.
        cursor.execute("checkpoint")


def ask(query: str) -> list[tuple[object, ...]]:
    """Rows of a query."""
    with connection.connect() as link, link.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def fingerprint(schema: str, table: str) -> tuple[object, ...]:
    """Number of rows and a sum of hashes of a table: equal for equal rows in any order."""
    names = "string_agg(quote_ident(attname), ', ' order by attname)"
    where = f"attrelid = '{schema}.{table}'::regclass and attnum > 0 and not attisdropped"
    columns = ask(f"select {names} from pg_attribute where {where}")[0][0]  # noqa: S608
    hashes = f"sum(hashtextextended(row({columns})::text, 0)::numeric)"
    return ask(f"select count(*), {hashes} from {schema}.{table}")[0]  # noqa: S608
