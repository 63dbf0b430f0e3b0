"""Temporary files without a name: gone with the process, however it ends."""

import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Never

from tqdm import tqdm

from loaders.errors import LoaderError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK = 1 << 20


class Spool:
    """Bytes on disk, written once, then opened as often as needed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    @property
    def size(self) -> int:
        """Bytes written."""
        return os.fstat(self._file.fileno()).st_size

    def open(self) -> IO[bytes]:
        """Open it from its beginning."""
        return io.BufferedReader(_Reader(self._file.fileno()), _BLOCK)

    def fill(self, name: str, write: Callable[["Counted"], None]) -> None:
        """Let ``write`` fill it; a bar on a terminal shows how far it is."""
        with tqdm(
            desc=f"reading {name}",
            unit="B",
            unit_scale=True,
            leave=False,
            disable=not sys.stderr.isatty(),
        ) as bar:
            try:
                write(Counted(self._file, bar))
                self._file.flush()
            except OSError as error:
                raise LoaderError(
                    f"{name} cannot be kept in {tempfile.gettempdir()} while it is landed"
                    f" ({error.strerror}): make room, or set TMPDIR to a folder with more."
                ) from error


@contextmanager
def spooled() -> Iterator[Spool]:
    """Yield an empty spool, which is gone afterwards."""
    try:
        file = tempfile.TemporaryFile(buffering=_BLOCK)  # noqa: SIM115 - closed below
    except OSError as error:
        raise LoaderError(
            f"no temporary file can be made ({error.strerror}): set TMPDIR to a folder with room."
        ) from error
    try:
        yield Spool(file)
    finally:
        with suppress(OSError):  # what a full disk refused before, it refuses again
            file.close()


class Counted:
    """Writes to a file, and counts on a bar."""

    def __init__(self, file: IO[bytes], bar: "tqdm[Never]") -> None:
        self._file = file
        self._bar = bar

    def write(self, block: bytes, /) -> int:
        """Write a block; return its length."""
        self._bar.update(len(block))
        return self._file.write(block)


class _Reader(io.RawIOBase):
    """Reads a descriptor at a position of its own; closing it leaves the descriptor open."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        block = os.pread(self._descriptor, len(view), self._position)
        view[: len(block)] = block
        self._position += len(block)
        return len(block)
