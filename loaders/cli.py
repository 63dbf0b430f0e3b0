"""The ``olist`` command: arguments in, one module called, errors told in a sentence."""

import argparse
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from loaders.errors import LoaderError
from loaders.paths import state_root
from loaders.tables import BY_NAME

_EXAMPLES = """examples:
  olist up && eval "$(olist env)"             start the embedded PostgreSQL, point tools at it
  olist sample --out data/sample --scale 0.1  make synthetic files
  olist land data/sample --mode snapshot      land them in schema raw
  olist land march.zip                        land more rows later (never removes any)
  olist psql -c '\\d+ marts.fct_orders'        ask the warehouse
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    options.rest = rest
    if options.rest and options.run is not _psql:
        parser.error(f"unrecognized arguments: {' '.join(options.rest)}")
    try:
        options.run(options)
        sys.stdout.flush()  # here, and not at the interpreter's end, a broken pipe can be caught
    except LoaderError as error:
        print(f"olist: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("olist: interrupted; nothing half-done was kept", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has gone, as in `olist status | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="olist",
        description="Land marketplace CSVs in PostgreSQL for dbt to build on.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="command", required=True)

    def command(name: str, about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=about)
        added.set_defaults(run=globals()[f"_{name}"])
        return added

    command(
        "up", "Start the embedded PostgreSQL (made at first use), unless PGHOST names a server."
    )
    command("down", "Stop the embedded PostgreSQL; its data stays.")
    command("status", "Show the server, the batches landed and the rows of each raw table.")
    command("env", "Print the server's address and credentials as exports for eval.")
    command("psql", "Open psql on the warehouse; further arguments are psql's own.")

    download = command("download", "Fetch the Olist dataset from Kaggle (needs its credentials).")
    download.add_argument("--out", type=Path, help="folder for the zip (default: data)")
    download.add_argument("--force", action="store_true", help="fetch it even if it is there")

    sample = command("sample", "Write synthetic files of the same shape: no account needed.")
    sample.add_argument("--out", type=Path, required=True, help="folder for the nine CSV files")
    sample.add_argument("--scale", type=float, default=1.0, help="1.0 has the real row counts")
    sample.add_argument("--seed", type=int, help="same seed, same bytes")

    land = command("land", "Land a folder or zip of CSV files in schema raw, as one batch.")
    land.add_argument("path", type=Path, help="folder or zip")
    land.add_argument(
        "--mode",
        choices=("delta", "snapshot"),
        default="delta",
        help="snapshot: the files are complete, so rows they lack were removed (default: delta)",
    )
    land.add_argument(
        "--table",
        action="append",
        choices=sorted(BY_NAME),
        default=[],
        help="only this raw table (may be repeated)",
    )
    command("deps", "Install dbt packages from the hub, or the offline stand-in.")
    command("build", "Everything at once: server, data, landing, dbt build, summary.")
    return parser


def _up(_: argparse.Namespace) -> None:
    from loaders import connection, server

    named = connection.external()
    if named is None:
        server.up()
        return
    with connection.connect():
        print(f"Using the server that the environment names: {named['PGHOST']}:{named['PGPORT']}.")


def _down(_: argparse.Namespace) -> None:
    from loaders import connection, server

    if connection.external() is not None:
        raise LoaderError(
            "PGHOST or DATABASE_URL names a server of your own: olist leaves it alone."
        )
    server.down()


def _status(_: argparse.Namespace) -> None:
    from loaders.status import status

    status()


def _env(_: argparse.Namespace) -> None:
    from loaders.connection import environment

    for name, value in environment().items():
        print(f"export {name}={shlex.quote(value)}")


def _psql(options: argparse.Namespace) -> None:
    from loaders import connection, server

    # For a server of the user's own, the machine's psql: the embedded one is built without TLS.
    found = shutil.which("psql") if connection.external() else None
    program = found or server.find_psql()
    if program is None:
        raise LoaderError("psql was not found: install a PostgreSQL client, or set PGBIN.")
    os.environ.update(connection.environment())
    os.execv(program, [str(program), *options.rest])  # noqa: S606 - psql takes over


def _download(options: argparse.Namespace) -> None:
    from loaders.download import download

    print(download(options.out or state_root() / "data", force=options.force))


def _sample(options: argparse.Namespace) -> None:
    from loaders.sample import DEFAULT_SEED, generate

    seed = DEFAULT_SEED if options.seed is None else options.seed
    rows = generate(options.out, options.scale, seed)
    for file, count in rows.items():
        print(f"  {file}: {count:,} rows")


def _land(options: argparse.Namespace) -> None:
    from loaders.land import land

    land(options.path, options.mode, options.table)


def _deps(_: argparse.Namespace) -> None:
    from loaders.packages import install

    install()


def _build(_: argparse.Namespace) -> None:
    from loaders.build import build

    build()
