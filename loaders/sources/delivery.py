"""What a source hands over to be landed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from psycopg2.extensions import cursor as Cursor

from loaders.sources.source_file import SourceFile


def _nothing(_: Cursor, __: int) -> None:
    """Remember nothing: files have no state."""


@dataclass(frozen=True)
class Delivery:
    """The files of one batch, from one source.

    ``source`` is what the ledger calls it, without a secret. ``unknown`` names what was left out,
    as no raw table takes it. ``remember`` writes the source's own state (a watermark) with the
    batch's number, in the batch's transaction. ``more`` says that the source has another batch
    after this one; one without files says that there is nothing new. ``is_utf_8`` says that the
    source wrote the files itself, so that nobody has to name their encoding.
    """

    source: str
    files: Sequence[SourceFile]
    unknown: Sequence[str] = ()
    remember: Callable[[Cursor, int], None] = _nothing
    more: bool = False
    is_utf_8: bool = False
