"""Where the CSV files are: in a folder, in a zip, or one by itself."""

import difflib
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from loaders.errors import LoaderError, shown
from loaders.sources import unpacked
from loaders.sources.delivery import Delivery
from loaders.sources.request import Request
from loaders.sources.source_file import SourceFile
from loaders.tables import ALL_TABLES, BY_FILE, BY_NAME, OPTIONAL, Table

_GZIP = ".gz"
_NEAR = 0.9


@contextmanager
def deliver(location: str, only: Sequence[str], _: Request) -> Iterator[Delivery]:
    """Deliver the files of a folder or zip; see ``find_files``."""
    files, unknown = find_files(Path(location), only)
    # Absolute, so that the file is found again from any folder.
    source = shown(str(Path(location).resolve()), limit=0)
    yield Delivery(source, files, [shown(name) for name in unknown])


def find_files(path: Path, only: Sequence[str] = ()) -> tuple[list[SourceFile], list[str]]:
    """Return the files of known tables under ``path``, and the names of CSV files of no table.

    ``path`` is a folder, a zip, or one file; ``only`` keeps the tables of these names. Files come
    in the order of ``ALL_TABLES``; their names may be in capitals and end in ``.gz``. Raises
    LoaderError when there is nothing to land, or it is not clear what.
    """
    wanted = [table for table in ALL_TABLES if not only or table.name in only]
    names = _list(path)
    files: dict[str, SourceFile] = {}
    unknown = []
    for name, read in names:
        table = _table_of(name)
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
    _refuse_near(path, unknown, lacking)
    if not files or (only and lacking):
        expected = ", ".join(table.file for table in lacking if only or table not in OPTIONAL)
        raise LoaderError(f"{path}: does not have {expected}{_hint(unknown)}.")
    found = [files[table.name] for table in wanted if table.name in files]
    return found, [name for name in unknown if _plain(name).endswith(".csv")]


def _plain(name: str) -> str:
    """A file's name in lower case, without folders and without ``.gz``."""
    return PurePosixPath(name.replace("\\", "/")).name.lower().removesuffix(_GZIP)


def _table_of(name: str) -> Table | None:
    return BY_FILE.get(_plain(name))


def _refuse_near(path: Path, unknown: Sequence[str], lacking: Sequence[Table]) -> None:
    """Stop at a file that is named almost as one that is missing: leaving it out would hide it."""
    for name in unknown:
        near = difflib.get_close_matches(_plain(name), [table.file for table in lacking], 1, _NEAR)
        if near:
            raise LoaderError(
                f"{path}: {shown(name)} is for no known table; rename it to {near[0]}."
            )


def _hint(unknown: Sequence[str]) -> str:
    for name in unknown:
        table = BY_NAME.get(_plain(name).removesuffix(".csv"))
        if table is not None:
            return f"; is {shown(name)} it? Rename it to {table.file}"
    nested = [name for name in unknown if name.lower().endswith(".zip")]
    return (
        f"; {shown(nested[0])} is another zip: unpack it, and name what is in it" if nested else ""
    )


_Found = tuple[str, Callable[[Table], SourceFile]]


def _list(path: Path) -> list[_Found]:
    """Names under ``path``, each with what makes it a file of a table."""
    try:
        kind = path.stat().st_mode
        if stat.S_ISDIR(kind):
            return [(file.name, _reader(file)) for file in sorted(path.iterdir())]
    except (FileNotFoundError, NotADirectoryError) as error:
        link = "; it is a link to what is gone" if path.is_symlink() else ""
        raise LoaderError(f"{path}: no such file or folder{link}.") from error
    except (OSError, ValueError) as error:
        raise LoaderError(_unreadable(path, error)) from error
    if not stat.S_ISREG(kind):
        raise LoaderError(f"{path}: is a pipe or a device; write it to a file, and name that.")
    if path.name.lower().removesuffix(_GZIP).endswith((".csv", ".txt", ".tsv")):
        return [(path.name, _reader(path))]
    return [(member.filename, _member(path, member)) for member in unpacked.members(path)]


def _reader(file: Path) -> Callable[[Table], SourceFile]:
    return lambda table: _file(file, table)


def _file(file: Path, table: Table) -> SourceFile:
    """A file of a folder. A link is followed: whoever made it wanted the file that it leads to."""
    try:
        status = file.stat()
        if stat.S_ISDIR(status.st_mode):
            raise LoaderError(f"{file}: is a folder, not a CSV file; name it itself, or rename it.")
        if not stat.S_ISREG(status.st_mode):
            raise LoaderError(f"{file}: is a pipe or a device, not a CSV file; replace it by one.")
        if file.name.lower().endswith(_GZIP):
            size = unpacked.gzip_size(file)
            return SourceFile(table, file.name, size, lambda: unpacked.open_gzip(file))
    except FileNotFoundError as error:
        raise LoaderError(
            f"{file}: is a link to what is gone; put the file there, or remove the link."
        ) from error
    except OSError as error:
        raise LoaderError(_unreadable(file, error)) from error
    return SourceFile(table, file.name, status.st_size, lambda: _open(file))


def _open(file: Path) -> IO[bytes]:
    try:
        return file.open("rb")
    except OSError as error:
        raise LoaderError(_unreadable(file, error)) from error


def _unreadable(path: Path, error: Exception) -> str:
    return (
        f"{path}: cannot be read ({unpacked.reason_of(error)}); let this user read it, and land it"
        " again."
    )


def _member(path: Path, member: zipfile.ZipInfo) -> Callable[[Table], SourceFile]:
    def read(table: Table) -> SourceFile:
        unpacked.check_member(path, member)
        name = PurePosixPath(member.filename.replace("\\", "/")).name
        if name.lower().endswith(_GZIP):
            raise LoaderError(f"{path}: {name} is packed twice; unpack it, and name the folder.")
        return SourceFile(table, name, member.file_size, lambda: unpacked.open_member(path, member))

    return read
