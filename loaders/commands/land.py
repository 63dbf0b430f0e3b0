"""``olist land``: raw rows from any source."""

import argparse

from loaders.commands import Add
from loaders.tables import BY_NAME


def add(command: Add) -> None:
    """Add the command."""
    land = command("land", "Land a folder, a zip or a database in schema raw, as one batch.", _run)
    land.add_argument(
        "location",
        help="folder, zip, mysql://…, postgresql://…, or env://VARIABLE that holds one of them",
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
        "--no-wait",
        action="store_true",
        help="stop at once when another load is running (default: wait for it)",
    )


def _run(options: argparse.Namespace) -> None:
    from loaders.land import Rules, land

    land(options.location, options.mode, options.table, rules=Rules(wait=not options.no_wait))
