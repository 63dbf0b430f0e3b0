"""How far a landing is: a bar with rows and rate on a terminal, plain lines elsewhere."""

import io
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import IO, TYPE_CHECKING, Never

from loaders.land.ledger import FileResult
from loaders.sources import SourceFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from tqdm import tqdm

_PLAIN_EVERY = 15.0  # seconds between two lines about one large file, where there is no terminal


class Progress:
    """Counts the bytes and lines of a batch as COPY reads them, and tells what became of each file.

    Lines, not rows, while a file is read (a field may have line breaks); rows when it is done.
    """

    def __init__(self, size: int, say: Callable[[str], None]) -> None:
        self._say = say
        self._size = size
        self._bytes = 0
        self._plain = not sys.stderr.isatty()
        self._next = time.monotonic() + _PLAIN_EVERY
        self._bar = None if self._plain else _bar(size)

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def skip(self, file: SourceFile) -> None:
        """Count a file that need not be read."""
        self._advance(file.size)

    @contextmanager
    def reading(self, file: SourceFile) -> Iterator[IO[bytes]]:
        """Open a file for COPY, as UTF-8, and count what is read of it."""
        started, lines = time.monotonic(), 0

        def read(block: memoryview) -> None:
            nonlocal lines
            lines += bytes(block).count(b"\n")
            rate = lines / max(time.monotonic() - started, 0.001)
            self._tell(file.table.name, f"{lines:,} lines", f"{rate:,.0f} lines/s")
            self._advance(len(block))

        with file.open() as stream:
            if self._bar is not None:
                self._bar.set_description(file.table.name)
            yield file.as_utf8(io.BufferedReader(_Watched(stream, read), 1 << 20))

    def done(self, result: FileResult) -> None:
        """Tell what became of a file."""
        if self._bar is not None:
            self._bar.clear()
        if result.status == "unchanged":
            self._say(f"  {result.table}: same as last time ({result.seconds:.1f} s)")
            return
        rate = result.counts.read / max(result.seconds, 0.001)
        self._say(f"  {result.table}: {result.counts} ({result.seconds:.1f} s, {rate:,.0f} rows/s)")

    def _advance(self, size: int) -> None:
        self._bytes += size
        if self._bar is not None:
            self._bar.update(size)

    def _tell(self, table: str, lines: str, rate: str) -> None:
        if self._bar is not None:
            self._bar.set_postfix_str(f"{lines}, {rate}", refresh=False)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + _PLAIN_EVERY
            self._say(
                f"  {table}: {lines}, {rate};"
                f" {self._bytes / 1e6:,.0f} of {self._size / 1e6:,.0f} MB of the batch"
            )


def _bar(size: int) -> "tqdm[Never]":
    from tqdm import tqdm  # noqa: PLC0415 - where there is no terminal, nobody waits for it

    return tqdm(total=size, unit="B", unit_scale=True, desc="landing", leave=False)


class _Watched(io.RawIOBase):
    """A stream that shows each block that was read to a function."""

    def __init__(self, stream: IO[bytes], read: Callable[[memoryview], None]) -> None:
        self._stream = stream
        self._read = read

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        block = self._stream.read(len(view))
        view[: len(block)] = block
        self._read(view[: len(block)])
        return len(block)
