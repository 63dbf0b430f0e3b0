"""How far a landing is: a bar on a terminal, plain lines elsewhere."""

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import IO, TYPE_CHECKING, Never

from tqdm import tqdm

from loaders.land.ledger import FileResult
from loaders.sources import SourceFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Progress:
    """Counts the bytes of a batch as COPY reads them, and tells what became of each file."""

    def __init__(self, size: int, say: Callable[[str], None]) -> None:
        self._say = say
        self._bar: tqdm[Never] = tqdm(
            total=size,
            unit="B",
            unit_scale=True,
            desc="landing",
            leave=False,
            disable=not sys.stderr.isatty(),
        )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.close()

    def skip(self, file: SourceFile) -> None:
        """Count a file that need not be read."""
        self._bar.update(file.size)

    @contextmanager
    def reading(self, file: SourceFile) -> Iterator[IO[bytes]]:
        """Open a file for COPY, as UTF-8, and count what is read of it."""
        with file.open() as stream:
            self._bar.set_description(file.table.name)
            counted = io.BufferedReader(_Counted(stream, self._bar), 1 << 20)
            yield file.as_utf8(counted)

    def done(self, result: FileResult) -> None:
        """Tell what became of a file."""
        self._bar.clear()
        what = "same as last time" if result.status == "unchanged" else str(result.counts)
        self._say(f"  {result.table}: {what} ({result.seconds:.1f} s)")


class _Counted(io.RawIOBase):
    def __init__(self, stream: IO[bytes], bar: "tqdm[Never]") -> None:
        self._stream = stream
        self._bar = bar

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        block = self._stream.read(len(view))
        view[: len(block)] = block
        self._bar.update(len(block))
        return len(block)
