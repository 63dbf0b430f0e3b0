"""``olist rejects``: rows that could not be landed, and what becomes of them."""

import argparse
from pathlib import Path

from loaders.commands import Add
from loaders.errors import LoaderError
from loaders.tables import BY_NAME


def add(command: Add) -> None:
    """Add the command."""
    rejects = command(
        "rejects",
        "List rows that 'olist land --max-rejects' kept back; land them mended.",
        _run,
    )
    rejects.set_defaults(acts_as="loader")
    rejects.add_argument("--batch", type=int, metavar="N", help="only those of this batch")
    rejects.add_argument("--table", choices=sorted(BY_NAME), help="only those of this raw table")
    rejects.add_argument(
        "--all", action="store_true", help="list also those that were landed or superseded since"
    )
    what = rejects.add_mutually_exclusive_group()
    what.add_argument(
        "--out", type=Path, metavar="FOLDER", help="write them there as CSV files, to be mended"
    )
    what.add_argument(
        "--retry",
        nargs="?",
        const="",
        metavar="FOLDER",
        help="land them: as mended in the folder, or as they stand in raw._rejected_rows",
    )
    rejects.add_argument(
        "--encoding",
        default="utf-8",
        metavar="NAME",
        help="with --retry: of rows that are not UTF-8, as in latin-1 (default: utf-8)",
    )
    rejects.add_argument(
        "--no-wait",
        action="store_true",
        help="with --retry: stop at once when a load is running (default: wait for it)",
    )


def _run(options: argparse.Namespace) -> None:
    from loaders.land import Rules
    from loaders.rejects import Chosen
    from loaders.rejects.listing import listing, write_out
    from loaders.rejects.retry import retry

    chosen = Chosen(options.batch, options.table)
    if options.retry is not None:
        folder = Path(options.retry) if options.retry else None
        retry(chosen, folder, Rules(wait=not options.no_wait, encoding=options.encoding))
    elif options.encoding != "utf-8" or options.no_wait:
        raise LoaderError("--encoding and --no-wait go with --retry.")
    elif options.out is not None:
        write_out(chosen, options.out)
    else:
        listing(chosen, everything=options.all)
