"""``olist status | doctor``: what was landed where, and what is wrong with this machine."""

import argparse

from loaders.commands import Add


def add(command: Add) -> None:
    """Add the commands."""
    status = command(
        "status", "Show the server, the batches landed and the rows of each raw table.", _status
    )
    status.add_argument("--batches", type=int, default=10, help="how many (default: 10)")
    status.add_argument("--json", action="store_true", help="for machines")

    doctor = command(
        "doctor",
        "Check Python, packages, disk, server, rights, roles and credentials; say what to do.",
        _doctor,
    )
    doctor.add_argument("--json", action="store_true", help="for machines")


def _status(options: argparse.Namespace) -> None:
    from loaders.status import status

    status(batches=options.batches, as_json=options.json)


def _doctor(options: argparse.Namespace) -> None:
    from loaders.doctor import doctor

    doctor(as_json=options.json)
