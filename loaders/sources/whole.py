"""A whole export: all nine files."""

from pathlib import Path

from loaders.errors import LoaderError
from loaders.sources.files import find_files
from loaders.tables import TABLES


def whole_export(data: Path) -> Path:
    """Return the folder or zip; LoaderError when it lacks a file.

    A build would mix it with what was landed before. The files of the optional tables may be there.
    """
    found = {file.table.name for file in find_files(data)[0]}
    missing = [table.file for table in TABLES if table.name not in found]
    if missing:
        raise LoaderError(
            f"{data}: lacks {', '.join(missing)}; OLIST_DATA is a whole export of all nine files."
            " Land some of them with 'olist land'."
        )
    return data
