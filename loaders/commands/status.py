"""``olist status``: what was landed where."""

import argparse

from loaders.commands import Add


def add(command: Add) -> None:
    """Add the command."""
    command("status", "Show the server, the batches landed and the rows of each raw table.", _run)


def _run(_: argparse.Namespace) -> None:
    from loaders.status import status

    status()
