"""A CSV file that is compressed by gzip (``.csv.gz``), read as what is in it."""

import gzip
import io
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING

from loaders.errors import LoaderError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SUFFIX = ".gz"
_BLOCK = 1 << 20
_SHORTEST = 18  # bytes of an empty gzip file


def open_gzip(opener: Callable[[], IO[bytes]], where: str) -> IO[bytes]:
    """Open the content of a gzip file; damage is told in a sentence that begins with ``where``."""
    return io.BufferedReader(_Unzipped(opener(), where), _BLOCK)


def content_size(file: Path) -> int:
    """Bytes of the content as the file's last four say: right up to 4 GiB, enough for a bar."""
    with file.open("rb") as stream:
        if stream.seek(0, os.SEEK_END) < _SHORTEST:
            return 0
        stream.seek(-4, os.SEEK_END)
        return int.from_bytes(stream.read(4), "little")


class _Unzipped(io.RawIOBase):
    def __init__(self, packed: IO[bytes], where: str) -> None:
        self._packed = packed
        self._content = gzip.GzipFile(fileobj=packed, mode="rb")
        self._where = where

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        try:
            return self._content.readinto(buffer)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise LoaderError(
                f"{self._where} is damaged ({error}); fetch or pack the file again."
            ) from error

    def close(self) -> None:
        if not self.closed:
            self._content.close()
            self._packed.close()
        super().close()
