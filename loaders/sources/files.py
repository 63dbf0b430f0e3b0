"""Where the CSV files are: in a folder or in a zip."""

import io
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from loaders.errors import LoaderError
from loaders.sources.delivery import Delivery
from loaders.sources.request import Request
from loaders.sources.source_file import SourceFile
from loaders.tables import BY_FILE, TABLES

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK = 1 << 20


@contextmanager
def deliver(location: str, only: Sequence[str], _: Request) -> Iterator[Delivery]:
    """Deliver the files of a folder or zip; see ``find_files``."""
    files, unknown = find_files(Path(location), only)
    yield Delivery(location, files, unknown)


def find_files(path: Path, only: Sequence[str] = ()) -> tuple[list[SourceFile], list[str]]:
    """Return the files of known tables under ``path``, and the names of CSV files of no table.

    ``path`` is a folder or a zip; ``only`` keeps the tables of these names. Files come in the order
    of ``TABLES``. Raises LoaderError when there is nothing to land.
    """
    if path.is_dir():
        found = [_in_folder(file) for file in sorted(path.iterdir()) if file.is_file()]
    elif path.is_file():
        found = _in_zip(path)
    else:
        raise LoaderError(f"{path}: no such folder or zip.")
    files = {file.table.name: file for file in found if isinstance(file, SourceFile)}
    if len(files) < sum(isinstance(file, SourceFile) for file in found):
        raise LoaderError(f"{path}: two files of the same name in it; keep one of each.")
    unknown = [name for name in found if isinstance(name, str) and name.lower().endswith(".csv")]
    wanted = [table.name for table in TABLES if not only or table.name in only]
    chosen = [files[name] for name in wanted if name in files]
    missing = [name for name in only if name not in files]
    if missing or not chosen:
        names = missing or wanted
        expected = ", ".join(table.file for table in TABLES if table.name in names)
        raise LoaderError(f"{path}: does not have {expected}.")
    return chosen, unknown


def _in_folder(file: Path) -> SourceFile | str:
    table = BY_FILE.get(file.name)
    if table is None:
        return file.name
    return SourceFile(table, file.name, file.stat().st_size, lambda: file.open("rb"))


def _in_zip(path: Path) -> list[SourceFile | str]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [
                member
                for member in archive.infolist()
                if not member.is_dir() and not member.filename.startswith("__MACOSX/")
            ]
    except (zipfile.BadZipFile, OSError) as error:
        raise LoaderError(
            f"{path}: cannot be read as a zip ({error}); name a folder or a zip of CSV files."
        ) from error
    return [_member(path, member) for member in members]


def _member(path: Path, member: zipfile.ZipInfo) -> SourceFile | str:
    name = Path(member.filename).name
    table = BY_FILE.get(name)
    if table is None:
        return member.filename
    return SourceFile(
        table,
        name,
        member.file_size,
        lambda: io.BufferedReader(_MemberStream(path, member), _BLOCK),
    )


class _MemberStream(io.RawIOBase):
    """A zip's member whose archive is closed with it, and whose damage is told in a sentence."""

    def __init__(self, path: Path, member: zipfile.ZipInfo) -> None:
        self._where = f"{path}: {member.filename}"
        self._archive = zipfile.ZipFile(path)
        self._stream = self._archive.open(member)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise LoaderError(
                f"{self._where} is damaged ({error}); fetch the zip again."
            ) from error

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer)
        block = self.read(len(view))
        view[: len(block)] = block
        return len(block)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
            self._archive.close()
        super().close()
