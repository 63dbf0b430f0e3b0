"""``olist land``: raw rows from any source."""

import argparse

from loaders.commands import Add
from loaders.tables import BY_NAME


def add(command: Add) -> None:
    """Add the command."""
    land = command("land", "Land a folder or zip of CSV files in schema raw, as one batch.", _run)
    land.add_argument("location", metavar="path", help="folder or zip")
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
        "--no-wait",
        action="store_true",
        help="stop at once when another load is running (default: wait for it)",
    )


def _run(options: argparse.Namespace) -> None:
    from loaders.lake import keeping
    from loaders.land import Rules, land

    land(
        options.location,
        options.mode,
        options.table,
        rules=Rules(wait=not options.no_wait),
        keeping=keeping(options.archive),
    )
