"""The ``dbt`` of this project's environment: dbt itself, with the embedded server's variables set.

``profiles.yml`` reads the PG* variables. With none set, dbt would have no way to learn the port and
password of the embedded server, so this entry point sets them first (docs/decisions/0003); where
the server has the roles, dbt is the transformer. Another engine (``--target``, docs/engines.md)
needs no server.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec

from loaders.errors import LoaderError, redact
from loaders.paths import project_root

POSTGRES = "postgres"
ENGINES = ("duckdb", "spark")  # targets that are not PostgreSQL
_WITHOUT_DATABASE = {
    *("clean", "deps", "init", "ls", "list", "parse", "serve", "--help", "-h", "--version"),
}


def target_of(arguments: Sequence[str] = ()) -> str:
    """The target that a dbt command line names, else ``OLIST_TARGET``, else PostgreSQL's."""
    found = os.environ.get("OLIST_TARGET") or POSTGRES
    for position, argument in enumerate(arguments):
        if argument in {"--target", "-t"}:
            found = (*arguments[position + 1 :], found)[0]
        elif argument.startswith("--target="):
            found = argument.removeprefix("--target=")
    return found


def schema_of(layer: str) -> str:
    """The schema that the target in use builds ``reports`` or another layer in, on PostgreSQL."""
    if target_of() == POSTGRES:
        return layer
    default = f"dev_{os.environ.get('USER', 'me')}"  # as in profiles.yml
    return f"{os.environ.get('OLIST_DEV_SCHEMA', default)}_{layer}"


def main() -> None:
    """Set the variables of the warehouse in use, where there is one, and hand over to dbt."""
    arguments = sys.argv[1:]
    connects = bool(arguments) and _WITHOUT_DATABASE.isdisjoint(arguments)
    try:
        variables = _variables(arguments)
        if connects and target_of(arguments) not in ENGINES:
            from loaders import connection

            with connection.connect():  # one sentence where dbt has a traceback
                pass
    except LoaderError as error:
        print(f"dbt: {redact(str(error))}", file=sys.stderr)
        raise SystemExit(1) from None
    os.environ.update(variables or {})
    try:
        # after the variables: dbt copies the environment when it starts
        from dbt.cli.main import cli

        cli(prog_name="dbt")
    except KeyboardInterrupt:  # while dbt is still importing itself, it does not catch it
        raise SystemExit(130) from None


@contextmanager
def environment_for_dbt(**more: str) -> Iterator[None]:
    """Set the variables by which a dbt in this process finds the project and the warehouse in use.

    Raises LoaderError when there is no server, or it does not answer.
    """
    before = dict(os.environ)
    for name in ("DBT_PROJECT_DIR", "DBT_PROFILES_DIR"):
        os.environ.setdefault(name, str(project_root()))
    if (target := target_of()) in ENGINES:
        from loaders import engines

        os.environ.update(engines.prepare(target, ["show"]))
    else:
        from loaders import connection

        with connection.connect():  # one sentence where dbt has a traceback
            os.environ.update(connection.environment())
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def metricflow(arguments: Sequence[str]) -> None:
    """Run MetricFlow on the warehouse in use (docs/semantic-layer.md)."""
    if find_spec("dbt_metricflow") is None:
        raise LoaderError("MetricFlow is not installed: run 'make semantic'.")
    with environment_for_dbt():
        # after the variables: dbt copies the environment when it starts
        from dbt.cli.main import dbtRunner
        from dbt_metricflow.cli.main import cli

        # MetricFlow reads what the last dbt command left in target/, maybe of another database.
        done = dbtRunner().invoke(["--quiet", "parse"])
        if not done.success:
            raise LoaderError(f"dbt cannot parse the project: {done.exception}")
        cli(list(arguments) or ["--help"], prog_name="olist mf")


def _variables(arguments: Sequence[str]) -> Mapping[str, str] | None:
    if (target := target_of(arguments)) in ENGINES:
        from loaders import engines  # PostgreSQL's dbt does not wait for it

        return engines.prepare(target, arguments)
    from loaders import connection, roles, server  # nor another engine's for these

    connection.report_other_folder()
    # The transformer may not create the schemas of other targets (docs/team.md).
    embedded = roles.for_dbt if target == POSTGRES else server.environment
    return connection.external() or embedded()


if __name__ == "__main__":
    main()
