"""A landed file as the lake keeps it: its bytes unchanged, compressed by gzip."""

import gzip
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from loaders.errors import LoaderError
from loaders.lake.compressed import open_gzip
from loaders.lake.store import Store

_BLOCK = 1 << 20
_LEVEL = 6


def key_of(row: Mapping[str, Any], suffix: str) -> str:
    """Key of an object of a ``raw._files`` row: ``suffix`` is ``csv.gz`` or ``parquet``."""
    return f"table={row['table_name']}/batch={row['batch_id']}/{row['checksum']}.{suffix}"


def pack(content: IO[bytes], target: Path) -> str:
    """Compress a stream into a file; return the SHA-256 of the content.

    The same content gives the same bytes, as neither a name nor a time is written.
    """
    digest = hashlib.sha256()
    with (
        target.open("wb") as sink,
        gzip.GzipFile("", "wb", _LEVEL, fileobj=sink, mtime=0) as packed,
    ):
        while block := content.read(_BLOCK):
            digest.update(block)
            packed.write(block)
    return digest.hexdigest()


def fetch(store: Store, key: str, target: Path) -> str:
    """Copy an object into a file; return its SHA-256."""
    digest = hashlib.sha256()
    with store.open(key) as stream, target.open("wb") as sink:
        while block := stream.read(_BLOCK):
            digest.update(block)
            sink.write(block)
    return digest.hexdigest()


def sha256(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verify(opener: Callable[[], IO[bytes]], where: str, checksum: str) -> None:
    """Read a packed file to its end; LoaderError when its content has not this SHA-256."""
    with open_gzip(opener, where) as content:
        digest = hashlib.sha256()
        while block := content.read(_BLOCK):
            digest.update(block)
    if digest.hexdigest() != checksum:
        raise LoaderError(
            f"{where} is damaged: its content is not the one that its name tells"
            " (SHA-256); restore this object from a backup of the lake."
        )
