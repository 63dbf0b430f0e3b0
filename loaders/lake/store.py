"""Where a lake lies: objects under keys, written once, whole or not at all."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Protocol

from loaders.errors import LoaderError


class Store(Protocol):
    """A bucket's prefix or a folder. Every method raises LoaderError when it cannot be reached."""

    location: str  # as the user named it, absolute and without a slash at the end

    def keys(self, under: str = "", *, deep: bool = True) -> Iterator[str]:
        """Keys that begin with ``under``; not ``deep``: without those in folders below it."""
        ...

    def size(self, key: str) -> int | None:
        """Bytes of an object, None when it is not there."""
        ...

    def open(self, key: str) -> IO[bytes]:
        """Open an object for reading."""
        ...

    def put(self, key: str, file: Path) -> bool:
        """Write an object whole, unless the key is taken: then False, and nothing is written."""
        ...

    def tidy(self) -> None:
        """Remove what uploads that were killed more than a day ago left behind."""
        ...


def named_lake(location: str | None = None) -> str | None:
    """Return the lake that is named, else the one that OLIST_LAKE names, else None."""
    return location or os.environ.get("OLIST_LAKE") or None


def open_store(location: str) -> Store:
    """Open the store that ``s3://bucket/prefix/`` or a folder's path names.

    Raises LoaderError for another scheme, a missing bucket's name and a missing library.
    """
    scheme, found, rest = location.partition("://")
    if not found:
        from loaders.lake.folder import FolderStore  # noqa: PLC0415 - the one that is used

        return FolderStore(Path(location))
    if scheme != "s3":
        raise LoaderError(f"{scheme}:// is no lake; name a folder or s3://bucket/prefix/.")
    bucket, _, prefix = rest.partition("/")
    if not bucket:
        raise LoaderError(f"{location} names no bucket; write s3://bucket/prefix/.")
    try:
        from loaders.lake.s3 import S3Store  # noqa: PLC0415 - boto3 is in an extra
    except ModuleNotFoundError as error:
        raise missing_library(error) from error
    return S3Store(bucket, prefix.strip("/"))


def missing_library(error: ModuleNotFoundError) -> LoaderError:
    """Say how to install what a lake needs."""
    return LoaderError(
        f"the lake needs {error.name}, which is not installed: .venv/bin/pip install -e '.[lake]'."
    )
