"""``olist mf``: MetricFlow, told where the warehouse is (docs/semantic-layer.md)."""

import argparse
import os
from importlib.util import find_spec

from loaders.commands import Add
from loaders.errors import LoaderError
from loaders.roles import READER


def add(command: Add) -> None:
    """Add the command."""
    mf = command(
        "mf",
        "Ask the semantic layer; all arguments are MetricFlow's own, as in 'olist mf query …'.",
        _mf,
    )
    mf.epilog = "MetricFlow's own help: 'olist mf', or after two dashes: 'olist mf -- query --help'"
    mf.set_defaults(takes_more=True, acts_as=READER)


def _mf(options: argparse.Namespace) -> None:
    """Parse the project for the database in use, then hand over to MetricFlow."""
    if find_spec("dbt_metricflow") is None:
        raise LoaderError("MetricFlow is not installed: run 'make semantic'.")
    _point_at_the_warehouse()
    # after the variables: dbt copies the environment when it starts
    from dbt.cli.main import dbtRunner
    from dbt_metricflow.cli.main import cli

    # MetricFlow reads what the last command of dbt left in target/, maybe of another database.
    done = dbtRunner().invoke(["--quiet", "parse"])
    if not done.success:
        raise LoaderError(f"dbt cannot parse the project: {done.exception}")
    arguments = options.rest[1:] if options.rest[:1] == ["--"] else options.rest
    cli(arguments or ["--help"], prog_name="olist mf")


def _point_at_the_warehouse() -> None:
    """Set the variables that the profile reads, and the folder that MetricFlow looks into.

    Raises LoaderError when there is no server, or it does not answer.
    """
    from loaders import connection, engines
    from loaders.paths import project_root

    for name in ("DBT_PROJECT_DIR", "DBT_PROFILES_DIR"):
        os.environ.setdefault(name, str(project_root()))
    if engines.target_of([]) in engines.OTHERS:  # a file or a cluster: no server is asked
        return
    with connection.connect():  # one sentence where MetricFlow has a traceback
        os.environ.update(connection.environment())
