"""The commands of ``olist``: a module for each group, which imports what it runs when it runs."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Protocol

from loaders.engines import HOME
from loaders.errors import LoaderError


class Add(Protocol):
    """Add a command: its name, what it is about, what runs it."""

    def __call__(
        self, name: str, about: str, run: Callable[[Namespace], None]
    ) -> ArgumentParser: ...


def run(options: Namespace) -> None:
    """Run the command that was chosen.

    One that says ``acts_as`` runs as that role of the embedded server, where there are roles.
    Raises LoaderError also for what PostgreSQL refuses and the command does not tell itself.
    """
    try:
        # The roles are PostgreSQL's; another engine has no server to ask for them.
        elsewhere = getattr(options, "engine", HOME) != HOME
        if elsewhere or not hasattr(options, "acts_as"):
            options.run(options)
            return
        from loaders.connection import external

        if external() is not None:  # it says as whom, and nobody waits for the import below
            options.run(options)
            return
        from loaders.roles import acting

        with acting(options.acts_as):
            options.run(options)
    except Exception as error:
        import psycopg2  # here, because `olist env` does not wait for it

        if not isinstance(error, psycopg2.Error):
            raise
        from loaders.connection import reason_of

        reason = reason_of(error).splitlines()[0]
        raise LoaderError(f"PostgreSQL stopped the command: {reason}.") from error
