"""Objects under keys, on S3 or in a folder: each is there whole or not at all."""

import errno
import hashlib
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, S3Store

from loaders.errors import LoaderError

_PARTIAL = "_partial"  # folder of files on their way in, next to all readers' folders
_AT_ONCE = 16 << 20  # bytes of the largest object that S3 gets in one request, held in memory
_PART = 8 << 20

# What an error says, and what that means. The first that is found counts.
_CAUSES = {
    r"Missing(AccessKeyId|SecretAccessKey)|169\.254\.169\.254": "no AWS credentials were found; set"
    " AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_PROFILE is not read)",
    r"error sending request|timed out": "the server cannot be reached; check AWS_ENDPOINT_URL",
    r"403 Forbidden(?!.*<Code>)": "the credentials in use lack a permission here",
}


@dataclass(frozen=True)
class Store:
    """A bucket's prefix, or a folder. Every method raises LoaderError when it cannot be used.

    ``location`` is what the user named, a folder as an absolute path; ``objects`` is obstore's.
    """

    location: str
    objects: S3Store | LocalStore
    folder: Path | None = None

    def sizes(self, under: str = "") -> dict[str, int]:
        """Keys in the folder ``under``, sorted, and how many bytes each has."""
        with explained(self.location):
            found = (each for page in self.objects.list(under or None) for each in page)
            sizes = {each["path"]: each["size"] for each in found}
        return {key: sizes[key] for key in sorted(sizes) if not key.startswith(f"{_PARTIAL}/")}

    def has(self, key: str) -> bool:
        """Whether there is an object under this key."""
        with explained(self.location):
            try:
                self.objects.head(key)
            except FileNotFoundError:
                return False
        return True

    def read(self, key: str) -> bytes:
        """Return a small object's content."""
        with explained(f"{self.location}/{key}"):
            return bytes(self.objects.get(key).bytes())

    def fetch(self, key: str, sink: IO[bytes]) -> str:
        """Write an object's content into a file, which is wound back; return its SHA-256."""
        digest = hashlib.sha256()
        with explained(f"{self.location}/{key}"):
            for block in self.objects.get(key).stream():
                digest.update(block)
                sink.write(block)
        sink.seek(0)
        return digest.hexdigest()

    def put(self, key: str, content: IO[bytes]) -> bool:
        """Write an object, unless the key is taken: then return False and write nothing."""
        size = content.seek(0, os.SEEK_END)
        content.seek(0)
        with explained(f"{self.location}/{key}"):
            try:
                if self.folder:
                    _link(self.folder, key, content)
                elif size <= _AT_ONCE:
                    self.objects.put(key, content, mode="create")
                elif self.has(key):  # S3 takes no condition with the first part
                    return False
                else:
                    self.objects.put(
                        key, content, use_multipart=True, chunk_size=_PART, max_concurrency=2
                    )
            except (AlreadyExistsError, FileExistsError):
                return False
        return True


def _link(folder: Path, key: str, content: IO[bytes]) -> None:
    """Write under another name, then link, so that readers of a folder find whole files."""
    partial, target = folder / _PARTIAL / uuid.uuid4().hex, folder / key
    for path in (partial, target):
        path.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("wb") as file:
        shutil.copyfileobj(content, file, _PART)
        file.flush()
        os.fsync(file.fileno())
    try:
        target.hardlink_to(partial)
    finally:
        partial.unlink()
    number = os.open(target.parent, os.O_RDONLY)
    os.fsync(number)  # the name, too, survives a power cut
    os.close(number)


def open_store(location: str, *, create: bool = False) -> Store:
    """Open what ``s3://bucket/prefix/`` or a folder's path names; ``create`` makes the folder.

    Credentials, region and endpoint are those of the usual AWS variables. Raises LoaderError for
    another scheme and a bucket without a name.
    """
    scheme, found, rest = location.partition("://")
    bucket, _, prefix = rest.partition("/")
    if found and (scheme != "s3" or not bucket):
        raise LoaderError(f"{location} cannot be a lake; name a folder or s3://bucket/prefix/.")
    if not found:
        folder = Path(location).expanduser().resolve()
        with explained(str(folder)):
            return Store(str(folder), LocalStore(folder, mkdir=create), folder)
    with explained(location):
        store = S3Store(
            bucket,
            prefix=prefix.strip("/") or None,
            client_options={"allow_http": True, "connect_timeout": "10s", "timeout": "5m"},
            retry_config={"max_retries": 3, "retry_timeout": timedelta(minutes=2)},
        )
    return Store(location.rstrip("/"), store)


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn what obstore raises into a LoaderError: one sentence about ``where``, no secret."""
    try:
        yield
    except (OSError, BaseError) as error:
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
            where += f", or {tempfile.gettempdir()} (another in TMPDIR)"
        cause = isinstance(error, OSError) and error.strerror
        raise LoaderError(f"{where}: {cause or _cause(str(error))}.") from error


def _cause(text: str) -> str:
    for pattern, cause in _CAUSES.items():
        if re.search(pattern, text, re.DOTALL):
            return cause
    if found := re.search(r"<Code>(.*?)</Code>(?:<Message>(.*?)</Message>)?", text):
        return f"S3 answered {found[1]}: {(found[2] or 'no reason given').rstrip('.')}"
    if found := re.search(r"(?:os error|\bcode:) (\d+)", text):
        return f"{os.strerror(int(found[1]))}; check the folder, its permissions and its disk"
    return " ".join(text.partition("\n\n")[0].split()).rstrip(".")
