"""What a source database of any make can do: the little that extraction asks of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Column:
    """A column of the source. ``kind`` is what its values are, whatever the make calls the type:

    ``number``, ``float`` (single precision), ``moment`` (no time zone), ``instant`` (of a time
    zone), ``day``, ``text``, ``bits`` or ``bytes``. ``type`` is the make's own name for it.
    """

    name: str
    kind: str
    type: str
    nullable: bool


@dataclass(frozen=True)
class Read:
    """What to read: of a relation these columns (``(raw name, source column)``).

    ``order`` makes equal rows equal bytes; none of it: by every value. ``since`` keeps the rows
    whose ``watermark`` has reached it, or is empty.
    """

    relation: str
    columns: Sequence[tuple[str, Column]]
    order: Sequence[Column]
    watermark: Column | None = None
    since: str | None = None


class Sink(Protocol):
    """Where the bytes of a CSV go."""

    def write(self, block: bytes, /) -> int: ...


class Engine(Protocol):
    """An open connection, in one transaction that sees one moment of the source.

    Its methods raise the exceptions of the client library.
    """

    now: datetime  # of the source, UTC, without a time zone
    oldest: float  # seconds since the oldest open transaction that we may see began

    def relations(self) -> dict[str, list[Column]]:
        """Tables and views with their columns."""

    def newest(self, relation: str, column: Column) -> str | None:
        """Return the highest value of a watermark; None where there is none."""

    def write(self, read: Read, sink: Sink) -> None:
        """Write the rows as a CSV with a header, in UTF-8, at constant memory."""
