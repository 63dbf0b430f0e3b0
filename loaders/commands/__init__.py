"""The commands of ``olist``: a module for each group, which imports what it runs when it runs."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from typing import Protocol


class Add(Protocol):
    """Add a command: its name, what it is about, what runs it."""

    def __call__(
        self, name: str, about: str, run: Callable[[Namespace], None]
    ) -> ArgumentParser: ...
