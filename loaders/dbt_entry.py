"""The ``dbt`` of this project's environment: dbt itself, told where the embedded server is.

It is the transformer there, where the server has the roles (docs/roles.md).

``profiles.yml`` reads the PG* variables. With none set, dbt would have no way to learn the port and
password of the embedded server, so this entry point sets them first (docs/decisions/0003). For
another engine (``--target``, docs/engines.md) it needs no server, and lands what OLIST_DATA names.
"""

import os
import sys
from collections.abc import Mapping

from loaders import connection, engines
from loaders.errors import LoaderError
from loaders.redact import redact
from loaders.roles import for_dbt

_WITHOUT_DATABASE = {"clean", "deps", "init", "ls", "list", "parse", "--help", "-h", "--version"}


def main() -> None:
    """Set the variables of the warehouse in use, where there is one, and hand over to dbt."""
    connects = len(sys.argv) > 1 and _WITHOUT_DATABASE.isdisjoint(sys.argv)
    target = engines.target_of(sys.argv[1:])
    variables: Mapping[str, str] | None
    try:
        if target in engines.OTHERS:
            from loaders.engines.data import prepare  # PostgreSQL's dbt does not wait for it

            variables = prepare(engines.engine(target), sys.argv[1:], connects=connects)
        else:
            variables = connection.external() or for_dbt()
    except LoaderError as error:
        print(f"dbt: {redact(str(error))}", file=sys.stderr)
        raise SystemExit(1) from None
    if variables is not None:
        os.environ.update(variables)
    elif connects:
        print("No server is named or made yet: run 'olist up', or set PGHOST.", file=sys.stderr)
    try:
        # after the variables: dbt copies the environment when it starts
        from dbt.cli.main import cli

        cli(prog_name="dbt")
    except KeyboardInterrupt:  # while dbt is still importing itself, it does not catch it
        raise SystemExit(130) from None


if __name__ == "__main__":
    main()
