"""A load under way: its number, its stamp and what it may do."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from loaders.errors import LoaderError
from loaders.sources.text import UTF_8

MODES = ("delta", "snapshot")


@dataclass(frozen=True)
class Allowance:
    """How many rows of a file may be rejected: a number, or a part of its rows."""

    rows: int = 0
    percent: Decimal | None = None

    def exceeded(self, rejected: int, rows: int | None = None) -> bool:
        """Whether these are too many; ``rows`` is None while the file is being read."""
        if self.percent is None:
            return rejected > self.rows
        return rows is not None and rejected * 100 > self.percent * rows

    def __str__(self) -> str:
        return f"{self.rows:,}" if self.percent is None else f"{self.percent}%"


@dataclass(frozen=True)
class Rules:
    """What a load does where the user has a say."""

    wait: bool = True  # for another load to end; else stop at once
    encoding: str = UTF_8  # of the files
    max_rejects: str = "0"  # rows of each file that may be bad: a number, or as in "2%"
    allow_removals: bool = False  # of more than 5 % of a table's rows

    @property
    def allowance(self) -> Allowance:
        """``max_rejects``, read. Raises LoaderError when it is no number and no percentage."""
        found = re.fullmatch(r"(\d+)|(\d+(?:\.\d+)?)\s*%", self.max_rejects.strip(), re.ASCII)
        if found is None or (found[2] and Decimal(found[2]) > 100):  # noqa: PLR2004 - percent
            raise LoaderError(
                f"--max-rejects is a number of rows or a percentage up to 100%,"
                f" not '{self.max_rejects}'."
            )
        return Allowance(int(found[1])) if found[1] else Allowance(percent=Decimal(found[2]))


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
