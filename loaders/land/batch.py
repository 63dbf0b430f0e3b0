"""A load under way: its number, its stamp and what it may do."""

from dataclasses import dataclass
from datetime import datetime

MODES = ("delta", "snapshot")


@dataclass(frozen=True)
class Rules:
    """What a load does where the user has a say."""

    wait: bool = True  # for another load to end; else stop at once


@dataclass(frozen=True)
class Batch:
    """One load, as the rows that it writes are stamped with it.

    ``loaded_at`` is the beginning of its transaction.
    """

    batch_id: int
    source: str
    mode: str
    loaded_at: datetime
    rules: Rules


def origin_of(file: str, checksum: str) -> str:
    """What ``_source_file`` says of a file with this name and SHA-256."""
    return f"{file}#{checksum[:12]}"
