"""The commands of ``olist``: a module for each group, which imports what it runs when it runs."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Protocol


class Add(Protocol):
    """Add a command: its name, what it is about, what runs it."""

    def __call__(
        self, name: str, about: str, run: Callable[[Namespace], None]
    ) -> ArgumentParser: ...


def run(options: Namespace) -> None:
    """Run the command that was chosen.

    One that says ``acts_as`` runs as that role of the embedded server, where there are roles.
    """
    if not hasattr(options, "acts_as"):
        options.run(options)
        return
    from loaders.roles.access import acting  # with psycopg2, which `olist env` does not wait for

    with acting(options.acts_as):
        options.run(options)
