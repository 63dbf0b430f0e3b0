"""``olist archive | replay``: landed files kept for good, and ``raw`` rebuilt from them."""

import argparse

from loaders.commands import Add
from loaders.errors import LoaderError

_LAKE = "s3://bucket/prefix/ or a folder"
_HELP = f"{_LAKE} (default: OLIST_LAKE)"


def add(command: Add) -> None:
    """Add the commands."""
    archive = command(
        "archive",
        "Write landed files that the lake lacks, unchanged and as Parquet.",
        _archive,
    )
    archive.set_defaults(acts_as="loader")
    archive.add_argument("lake", nargs="?", help=_HELP)
    replay = command("replay", "Rebuild schema raw from a lake, row for row.", _replay)
    replay.set_defaults(acts_as="loader")
    replay.add_argument("--from", dest="lake", metavar="lake", help=_HELP)


def _archive(options: argparse.Namespace) -> None:
    from loaders.lake import archive

    archive(_named(options))


def _replay(options: argparse.Namespace) -> None:
    from loaders.lake import replay

    replay(_named(options))


def _named(options: argparse.Namespace) -> str:
    from loaders.lake.store import named_lake

    lake = named_lake(options.lake)
    if lake is None:
        raise LoaderError(f"name the lake: {_LAKE}, or set OLIST_LAKE to it.")
    return lake
