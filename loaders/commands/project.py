"""``olist deps | build``: dbt's packages, and everything at once."""

import argparse

from loaders.commands import Add


def add(command: Add) -> None:
    """Add the commands."""
    command("deps", "Install dbt packages from the hub, or the offline stand-in.", _deps)
    command("build", "Everything at once: server, data, landing, dbt build, summary.", _build)


def _deps(_: argparse.Namespace) -> None:
    from loaders.packages import install

    install()


def _build(_: argparse.Namespace) -> None:
    from loaders.build import build

    build()
