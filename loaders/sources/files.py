"""CSV files of a folder, a zip or by themselves, packed ones unpacked as they are read."""

import difflib
import gzip
import hashlib
import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from loaders.errors import LoaderError, shown
from loaders.sources import Delivery, Request, SourceFile, named
from loaders.sources.text import stream_of
from loaders.tables import ALL_TABLES, BY_FILE, BY_NAME, TABLES, Table

_GZIP = ".gz"
_NEAR = 0.9  # likeness of names that are meant to be the same
_BLOCK = 1 << 18
# What unpacks to more than both is a bomb: CSV of real rows shrinks to a tenth, seldom to a 50th.
_HARMLESS = 100 << 20
_RATIO = 100
_ENCRYPTED = 0x1
# zipfile and what it calls raise these for bytes that are no zip, or no more.
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(ValueError, NotImplementedError, RuntimeError, IndexError, OverflowError),
)
# What makes a name in a folder or zip a file of a table.
_Found = tuple[str, Callable[[Table], SourceFile]]


@contextmanager
def deliver(location: str, only: Sequence[str], _: Request) -> Iterator[Delivery]:
    """Deliver the files of a folder or zip; see ``find_files``."""
    path = Path(location).absolute()  # so that it is found again from any folder
    with named(shown(str(path), limit=0)):
        files, unknown = find_files(path, only)
    source = shown(str(path.resolve()), limit=0)
    yield Delivery(source, files, [shown(name) for name in unknown])


def find_files(path: Path, only: Sequence[str] = ()) -> tuple[list[SourceFile], list[str]]:
    """Return the files of known tables under ``path``, and the names of CSV files of no table.

    ``path`` is a folder, a zip, or one file; ``only`` keeps the tables of these names. Files come
    in the order of ``ALL_TABLES``; their names may be in capitals and end in ``.gz``. Raises
    LoaderError when there is nothing to land, or it is not clear what.
    """
    wanted = [table for table in ALL_TABLES if not only or table.name in only]
    files: dict[str, SourceFile] = {}
    unknown = []
    for name, read in _list(path):
        table = BY_FILE.get(_plain(name))
        if table is None:
            unknown.append(name)
        elif table in wanted:
            if table.name in files:
                raise LoaderError(
                    f"{path}: two files for table {table.name}, {files[table.name].name} and"
                    f" {shown(name)}; keep one of them."
                )
            files[table.name] = read(table)
    lacking = [table for table in wanted if table.name not in files]
    for name in unknown:  # leaving out what is named almost as one that is missing would hide it
        near = difflib.get_close_matches(_plain(name), [table.file for table in lacking], 1, _NEAR)
        if near:
            raise LoaderError(
                f"{path}: {shown(name)} is for no known table; rename it to {near[0]}."
            )
    if not files or (only and lacking):
        raise LoaderError(f"{path}: {_nothing(path, lacking if only else [], unknown)}.")
    found = [files[table.name] for table in wanted if table.name in files]
    return found, [name for name in unknown if _plain(name).endswith(".csv")]


def _plain(name: str) -> str:
    """A file's name in lower case, without folders and without ``.gz``."""
    return PurePosixPath(name.replace("\\", "/")).name.lower().removesuffix(_GZIP)


def _nothing(path: Path, lacking: Sequence[Table], unknown: Sequence[str]) -> str:
    """Say that the files of these tables (none: of any) are not there, and where they may be."""
    wanted = ", ".join(table.file for table in lacking)
    lacks = f"does not have {wanted or f'{TABLES[0].file} or another file of an export'}"
    for name in unknown:
        table = BY_NAME.get(_plain(name).removesuffix(".csv"))
        if table is not None:
            return f"{lacks}; is {shown(name)} it? Rename it to {table.file}"
        if name.lower().endswith(".zip"):
            return f"{lacks}; {shown(name)} is another zip: unpack it, and name what is in it"
        if path.is_dir() and _holds_files(path / name):
            return f"{lacks}, but the folder {shown(name)} in it has some: name {path / name}"
    if lacking:
        return lacks
    start, end = "olist_", "_dataset.csv"
    names = [table.file for table in ALL_TABLES]
    tables = [name.removeprefix(start).removesuffix(end) for name in names if name.endswith(end)]
    others = [name for name in names if not name.endswith(end)]
    expected = f"named {start}<table>{end} ({', '.join(tables)}) or {', '.join(others)}"
    if len(unknown) == 1 and not (path / unknown[0]).is_dir():
        return f"{shown(unknown[0])} is for no known table; a file is {expected}"
    return f"{lacks}; they are {expected}"


def _holds_files(folder: Path) -> bool:
    with suppress(OSError):
        return any(_plain(file.name) in BY_FILE for file in folder.iterdir())
    return False


def _list(path: Path) -> list[_Found]:
    """Names under ``path``, each with what makes it a file of a table."""
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            return [(file.name, partial(_in_folder, file)) for file in sorted(path.iterdir())]
    except (FileNotFoundError, NotADirectoryError) as error:
        link = "; it is a link to what is gone" if path.is_symlink() else ""
        raise LoaderError(f"{path}: no such file or folder{link}.") from error
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(kind):
        raise LoaderError(f"{path}: is a pipe or a device; write it to a file, and name that.")
    if path.name.lower().removesuffix(_GZIP).endswith((".csv", ".txt", ".tsv")):
        return [(path.name, partial(_in_folder, path))]
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            file.seek(0)
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
    except _DAMAGE as error:
        raise LoaderError(
            f"{path}: cannot be read as a zip ({_reason(error)}); is it half-written? Name a"
            " folder, a zip or a .csv file."
        ) from error
    return [
        (member.filename, partial(_in_zip, path, checksum, member))
        for member in members
        if not member.is_dir() and not member.filename.startswith("__MACOSX/")
    ]


def _in_folder(file: Path, table: Table) -> SourceFile:
    """A file of a folder. A link is followed: whoever made it wanted the file that it leads to."""
    try:
        status = file.stat()
        is_packed = file.suffix.lower() == _GZIP and stat.S_ISREG(status.st_mode)
        size = _gzip_size(file) if is_packed else status.st_size
    except FileNotFoundError as error:
        raise LoaderError(
            f"{file}: is a link to what is gone; put the file there, or remove the link."
        ) from error
    except OSError as error:
        raise _unreadable(file, error) from error
    if not stat.S_ISREG(status.st_mode):
        what = "a folder" if stat.S_ISDIR(status.st_mode) else "a pipe or a device"
        raise LoaderError(f"{file}: is {what}, not a CSV file; replace it by one.")
    return SourceFile(table, file.name, size, partial(_open_gzip if is_packed else _open, file))


def _open(file: Path) -> IO[bytes]:
    try:
        return file.open("rb")
    except OSError as error:
        raise _unreadable(file, error) from error


def _open_gzip(path: Path) -> IO[bytes]:
    stream = gzip.open(path, "rb")  # noqa: SIM115 - closed by what is returned
    return _unpacked(str(path), stream, path.stat().st_size)


def _gzip_size(path: Path) -> int:
    """Bytes that a gzip unpacks to, as it says at its end: modulo 4 GB."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - 4))
        return int.from_bytes(stream.read(4), "little")


def _in_zip(path: Path, checksum: str, member: zipfile.ZipInfo, table: Table) -> SourceFile:
    where = f"{path}: {shown(member.filename)}"
    inside = PurePosixPath(member.filename.replace("\\", "/"))
    if inside.is_absolute() or ".." in inside.parts:
        raise LoaderError(f"{where} leads out of the zip; do not trust it, and make it anew.")
    if member.flag_bits & _ENCRYPTED:
        raise LoaderError(f"{where} is protected by a password; unpack it and name the folder.")
    if stat.S_ISLNK(member.external_attr >> 16) or inside.suffix.lower() == _GZIP:
        raise LoaderError(f"{where} is a link, or packed twice; put the file itself into the zip.")
    _check_size(where, member.file_size, member.compress_size)

    def opened() -> IO[bytes]:
        with _damage(where), zipfile.ZipFile(path) as archive:
            stream = archive.open(member)  # which keeps the file open
        return _unpacked(where, stream, member.compress_size)

    return SourceFile(table, inside.name, member.file_size, opened, archive_checksum=checksum)


def _unpacked(where: str, stream: IO[bytes] | gzip.GzipFile, packed: int) -> IO[bytes]:
    """What a packed stream unpacks to; damage is a LoaderError when it is come upon."""

    def blocks() -> Generator[bytes]:
        size, block = 0, b"begin"
        while block:
            with _damage(where):
                block = stream.read(_BLOCK)
            size += len(block)
            _check_size(where, size, packed)
            yield block

    return stream_of(blocks(), stream.close)


def _check_size(where: str, size: int, packed: int) -> None:
    if size > max(_HARMLESS, _RATIO * packed):
        raise LoaderError(
            f"{where} unpacks to more than {_RATIO} times its size, as a bomb does; if it is right,"
            " unpack it yourself and name the folder."
        )


@contextmanager
def _damage(where: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise LoaderError(
            f"{where} is damaged ({_reason(error)}); fetch or pack it again."
        ) from error


def _unreadable(path: Path, error: Exception) -> LoaderError:
    return LoaderError(
        f"{path}: cannot be read ({_reason(error)}); let this user read it, and land it again."
    )


def _reason(error: BaseException) -> str:
    """What an error of the system or a library says, without its number and path, in one line."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split()) or type(error).__name__
