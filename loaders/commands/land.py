"""``olist land``: raw rows from any source."""

import argparse
import os

from loaders.commands import Add
from loaders.engines import HOME, NAMES, engine, target_of
from loaders.errors import LoaderError
from loaders.tables import BY_NAME


def add(command: Add) -> None:
    """Add the command."""
    land = command("land", "Land files or a database in schema raw, as one batch.", _run)
    land.set_defaults(acts_as="loader")
    land.add_argument(
        "location",
        help="folder, zip, .csv or .csv.gz file, s3://…, mysql://…, postgresql://…,"
        " or env://VARIABLE that holds one of them",
    )
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
    land.add_argument(
        "--archive",
        metavar="lake",
        help="keep the files in this lake too: s3://bucket/prefix/ or a folder"
        " (default: OLIST_LAKE)",
    )
    land.add_argument(
        "--encoding",
        default="utf-8",
        metavar="NAME",
        help="of the files, as in latin-1 or windows-1252 (default: utf-8)",
    )
    land.add_argument(
        "--max-rejects",
        default="0",
        metavar="N|P%",
        help="land the good rows of a file of which at most so many are bad; 'olist rejects' shows"
        " the others (default: 0, one bad row stops the batch)",
    )
    land.add_argument(
        "--allow-removals",
        action="store_true",
        help="let a snapshot remove more than 5%% of a table's rows",
    )
    land.add_argument(
        "--engine",
        choices=NAMES,
        default=target if (target := target_of(())) in NAMES else HOME,
        help="where to land (default: OLIST_TARGET, else postgres; docs/engines.md)",
    )
    land.add_argument(
        "--no-wait",
        action="store_true",
        help="stop at once when another load is running (default: wait for it)",
    )


def _run(options: argparse.Namespace) -> None:
    from loaders.land import Rules, land

    rules = Rules(
        wait=not options.no_wait,
        encoding=options.encoding,
        max_rejects=options.max_rejects,
        allow_removals=options.allow_removals,
    )
    if options.engine != HOME:
        if options.archive:
            raise LoaderError("--archive is for PostgreSQL, whose ledger a lake keeps.")
        engine(options.engine).in_use().land(
            options.location, options.mode, tables=options.table, rules=rules
        )
        return
    if not (options.archive or os.environ.get("OLIST_LAKE")):
        land(options.location, options.mode, options.table, rules=rules)
        return
    from loaders.lake import keeping

    lake = keeping(options.archive)
    land(options.location, options.mode, options.table, rules=rules, keeping=lake)
