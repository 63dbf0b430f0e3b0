"""How the user wants a location to be read, for the sources that have a choice."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """``mode`` of the batch, whether to ``wait`` for another load, and where to ``say`` things."""

    mode: str = "delta"
    wait: bool = True
    say: Callable[[str], None] = print
