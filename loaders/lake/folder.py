"""A lake in a folder."""

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from loaders.errors import LoaderError

_PARTIAL = "_partial"  # files on their way in; beside them, so that a link costs nothing
_DAY = 86_400
_READ_ONLY = 0o444


class FolderStore:
    """Objects as files that nobody may write again; see ``Store``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.expanduser().resolve()
        self.location = str(self._folder)

    def keys(self, under: str = "", *, deep: bool = True) -> Iterator[str]:
        """Keys that begin with ``under``, in their order."""
        top = self._folder / under
        with self._told():
            found = sorted(top.rglob("*") if deep else top.iterdir()) if top.is_dir() else []
        for path in found:
            if path.is_file() and _PARTIAL not in path.relative_to(self._folder).parts:
                yield path.relative_to(self._folder).as_posix()

    def size(self, key: str) -> int | None:
        """Bytes of a file, None when it is not there."""
        with self._told():
            path = self._folder / key
            return path.stat().st_size if path.is_file() else None

    def open(self, key: str) -> IO[bytes]:
        """Open a file for reading."""
        with self._told():
            return (self._folder / key).open("rb")

    def put(self, key: str, file: Path) -> bool:
        """Write under another name, then link: the key is there whole, or not at all."""
        target = self._folder / key
        partial = self._folder / _PARTIAL / uuid.uuid4().hex
        with self._told():
            if target.exists():
                return False
            partial.parent.mkdir(parents=True, exist_ok=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with file.open("rb") as source, partial.open("xb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
                    sink.flush()
                    os.fsync(sink.fileno())
                partial.chmod(partial.stat().st_mode & _READ_ONLY)
                return _link(partial, target)
            finally:
                partial.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove files that never got their key."""
        folder = self._folder / _PARTIAL
        with self._told():
            for path in folder.iterdir() if folder.is_dir() else ():
                if path.stat().st_mtime < time.time() - _DAY:
                    path.unlink(missing_ok=True)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            where = error.filename or self.location
            raise LoaderError(
                f"the lake {self.location} cannot be used: {where}: {error.strerror};"
                " check the folder, its permissions and the space on its disk."
            ) from error


def _link(partial: Path, target: Path) -> bool:
    """Give the file its key; False when somebody else did so first."""
    try:
        target.hardlink_to(partial)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        partial.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name too survives a power cut
    finally:
        os.close(folder)
    return True
