"""Compressed files: read as they unpack, their damage told in a sentence, bombs stopped."""

import contextlib
import gzip
import io
import lzma
import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from loaders.errors import LoaderError, shown

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK = 1 << 20
# What unpacks to more than both is a bomb: CSV of real rows shrinks to a tenth, seldom to a 50th.
_HARMLESS = 100 << 20
_RATIO = 100
_ENCRYPTED = 0x1

# zipfile and what it calls raise these for bytes that are no zip, or no more.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,
    IndexError,
    OverflowError,
)


def members(path: Path) -> list[zipfile.ZipInfo]:
    """The files in a zip. Raises LoaderError when it cannot be read, or has what no export has."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = archive.infolist()
    except _DAMAGE as error:
        raise LoaderError(
            f"{path}: cannot be read as a zip ({reason_of(error)}); is it half-written? Name a"
            " folder, a zip or a .csv file."
        ) from error
    for member in found:
        inside = PurePosixPath(member.filename.replace("\\", "/"))
        if inside.is_absolute() or ".." in inside.parts or inside.parts[:1] == ("C:",):
            raise LoaderError(
                f"{path}: the name {shown(member.filename)} leads out of the zip; do not trust it,"
                " and make it anew."
            )
    return [
        member
        for member in found
        if not member.is_dir() and not member.filename.startswith("__MACOSX/")
    ]


def check_member(path: Path, member: zipfile.ZipInfo) -> None:
    """Raise LoaderError when a file in a zip cannot be landed."""
    where = f"{path}: {shown(member.filename)}"
    if member.flag_bits & _ENCRYPTED:
        raise LoaderError(f"{where} is protected by a password; unpack it and name the folder.")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise LoaderError(f"{where} is a link; put the file itself into the zip.")
    _check_size(where, member.file_size, member.compress_size)


def open_member(path: Path, member: zipfile.ZipInfo) -> IO[bytes]:
    """Open a file in a zip; damage is a LoaderError when it is come upon."""
    where = f"{path}: {shown(member.filename)}"
    with _told(where), contextlib.ExitStack() as stack:
        archive = stack.enter_context(zipfile.ZipFile(path))
        stream = stack.enter_context(archive.open(member))
        closing = stack.pop_all().close
    return io.BufferedReader(_Unpacked(where, stream, member.compress_size, closing), _BLOCK)


def open_gzip(path: Path) -> IO[bytes]:
    """Open a ``.csv.gz``; damage is a LoaderError when it is come upon."""
    where = str(path)
    with _told(where):
        stream = gzip.open(path, "rb")  # noqa: SIM115 - closed by what is returned
        packed = path.stat().st_size
    return io.BufferedReader(_Unpacked(where, stream, packed, stream.close), _BLOCK)


def gzip_size(path: Path) -> int:
    """Bytes that a gzip unpacks to, by its last four; of progress only, as they can be wrong."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 4))
        return int.from_bytes(stream.read(4), "little")


def reason_of(error: BaseException) -> str:
    """What an error of the system or a library says, without its number and path, in one line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__


@contextlib.contextmanager
def _told(where: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise LoaderError(
            f"{where} is damaged ({reason_of(error)}); fetch or pack it again."
        ) from error


def _check_size(where: str, size: int, packed: int) -> None:
    trusted = os.environ.get("OLIST_TRUST_ARCHIVES") == "1"
    if size > max(_HARMLESS, _RATIO * packed) and not trusted:
        raise LoaderError(
            f"{where} unpacks to more than {_RATIO} times its size, as a bomb does; if it is right,"
            " unpack it yourself and name the folder, or set OLIST_TRUST_ARCHIVES=1."
        )


class _Unpacked(io.RawIOBase):
    def __init__(
        self,
        where: str,
        stream: IO[bytes] | gzip.GzipFile,
        packed: int,
        closing: Callable[[], None],
    ) -> None:
        self._where = where
        self._stream = stream
        self._packed = packed
        self._closing = closing
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        with _told(self._where):
            block = self._stream.read(len(view))
        self._size += len(block)
        _check_size(self._where, self._size, self._packed)
        view[: len(block)] = block
        return len(block)

    def close(self) -> None:
        if not self.closed:
            self._closing()
        super().close()
