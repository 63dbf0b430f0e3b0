"""The files, written beside their final names and renamed at the end."""

import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from loaders.errors import LoaderError
from loaders.sample.text import Cells, lines
from loaders.tables import BY_NAME, TABLES, Table

Progress = Callable[[str, int], None]

_CRLF = ("order_reviews", "product_category_name_translation")
_WITH_BOM = ("product_category_name_translation",)
_BOM = b"\xef\xbb\xbf"


class SampleFiles:
    """Context manager: files appear under their names only when all of them are whole."""

    def __init__(
        self, out: Path, progress: Progress | None = None, tables: Sequence[Table] = TABLES
    ) -> None:
        self._out, self._progress, self._tables = out, progress, tables
        self._folder = Path()
        self._files: dict[str, IO[bytes]] = {}
        self.rows: dict[str, int] = {table.file: 0 for table in tables}

    def __enter__(self) -> "SampleFiles":
        try:
            self._out.mkdir(parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix=".sample-", dir=self._out))
        except (FileExistsError, NotADirectoryError) as error:
            raise LoaderError(
                f"Cannot write the sample to {self._out}: that is a file or lies below one, "
                "where a folder is needed; give another folder with --out."
            ) from error
        except OSError as error:
            raise self._trouble(error) from error
        try:
            for table in self._tables:
                file = (self._folder / table.file).open("wb")
                self._files[table.name] = file
                header = ",".join(table.columns) + self._end(table.name)
                file.write((_BOM if table.name in _WITH_BOM else b"") + header.encode())
        except OSError as error:
            self._discard()
            raise self._trouble(error) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                for file in self._files.values():
                    file.close()
                for table in self._tables:
                    (self._folder / table.file).replace(self._out / table.file)
        except OSError as problem:
            raise self._trouble(problem) from problem
        finally:
            self._discard()

    def append(self, table: str, columns: list[Cells]) -> None:
        """Add rows to a table's file."""
        try:
            self._files[table].write(lines(columns, self._end(table)))
        except OSError as error:
            raise self._trouble(error) from error
        name = BY_NAME[table].file
        self.rows[name] += len(columns[0])
        if self._progress is not None:
            self._progress(name, self.rows[name])

    @staticmethod
    def _end(table: str) -> str:
        return "\r\n" if table in _CRLF else "\n"

    def _discard(self) -> None:
        for file in self._files.values():
            with suppress(OSError):  # a full disk fails again on the rest of the buffer
                file.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _trouble(self, error: OSError) -> LoaderError:
        reason = error.strerror or str(error)
        return LoaderError(
            f"Cannot write the sample to {self._out}: {reason}. No half-written file is "
            "left there; mend that or give another folder with --out."
        )
