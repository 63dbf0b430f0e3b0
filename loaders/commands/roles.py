"""``olist roles``: three users of the database that may do no more than they have to."""

import argparse

from loaders.commands import Add


def add(command: Add) -> None:
    """Add the command."""
    roles = command(
        "roles",
        "Make or repair the roles: loader (raw), transformer (dbt), reader (marts, reports).",
        _run,
    )
    roles.add_argument(
        "--reader-timeout",
        metavar="TIME",
        default="60s",
        help="end a statement of the reader after this time, like 5min; 0: never (default: 60s)",
    )
    roles.add_argument(
        "--new-passwords",
        action="store_true",
        help="set new ones: OLIST_LOADER_PASSWORD …, else generated",
    )


def _run(options: argparse.Namespace) -> None:
    from loaders.roles import make

    make(timeout=options.reader_timeout, renew=options.new_passwords)
