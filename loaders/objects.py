"""Objects under keys, on S3 or in a folder: each is there whole or not at all."""

import errno
import hashlib
import os
import re
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING

from loaders.errors import LoaderError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, LocalStore, RetryConfig, S3Store

_PARTIAL = "_partial"  # folder of files on their way in, next to all readers' folders
_BLOCK = 1 << 20
_AT_ONCE = 16 << 20  # bytes of the largest object that S3 gets in one request, held in memory
_PART = 8 << 20
_OPTIONS: "ClientConfig" = {"allow_http": True, "connect_timeout": "10s", "timeout": "5m"}
_RETRIES: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(minutes=2)}

_KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN)"
_NO_KEYS = f"no AWS credentials were found; set {_KEYS}"
_REGION = "the bucket is in another region; set AWS_REGION to it"
_REFUSED = f"the server does not accept these credentials; check {_KEYS}"
# What an error says, and what that means. The first that is found counts.
_CAUSES = {
    r"Missing(AccessKeyId|SecretAccessKey)|169\.254\.169\.254": _NO_KEYS,
    r"NoSuchBucket": "there is no such bucket; make it first, or check name and endpoint",
    r"InvalidBucketName": "this cannot be the name of a bucket; write s3://bucket/prefix/",
    r"InvalidAccessKeyId|SignatureDoesNotMatch|AuthFailure|InvalidToken": _REFUSED,
    r"ExpiredToken": "the session has expired; fetch new credentials, or log in again",
    r"PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraint": _REGION,
    r"RequestTimeTooSkewed": "the clock of this machine is wrong; set it",
    r"SlowDown": "the server asks to slow down; try again later",
    r"\b403 Forbidden|AccessDenied": "the credentials in use lack a permission here: reading needs"
    " s3:GetObject and s3:ListBucket, archiving s3:PutObject too",
}


@dataclass(frozen=True)
class Store:
    """A bucket's prefix, or a folder. Every method raises LoaderError when it cannot be used.

    ``location`` is what the user named, a folder as an absolute path; ``objects`` is obstore's.
    """

    location: str
    objects: "S3Store | LocalStore"
    folder: Path | None = None

    def keys(self, under: str = "") -> dict[str, int]:
        """Keys in the folder ``under``, in their order, and their bytes."""
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
            if self.folder:
                return self._link(self.folder, key, content)
            if size <= _AT_ONCE:
                return _is_new(lambda: self.objects.put(key, content, mode="create"))
            if self.has(key):  # S3 takes no condition with the first part
                return False
            self._put(key, content)
            return True

    def _put(self, key: str, content: IO[bytes]) -> None:
        self.objects.put(key, content, use_multipart=True, chunk_size=_PART, max_concurrency=2)

    def _link(self, folder: Path, key: str, content: IO[bytes]) -> bool:
        """Write under another name, then link, so that readers of a folder find whole files."""
        partial = f"{_PARTIAL}/{uuid.uuid4().hex}"
        self._put(partial, content)
        _to_disk(folder / partial)
        if not _is_new(lambda: self.objects.copy(partial, key, overwrite=False)):
            self.objects.delete(partial)
            return False
        self.objects.delete(partial)
        _to_disk((folder / key).parent)
        return True


def open_store(location: str, *, create: bool = False) -> Store:
    """Open what ``s3://bucket/prefix/`` or a folder's path names; ``create`` makes the folder.

    Credentials, region and endpoint are those of the usual AWS variables. Raises LoaderError for
    another scheme, a bucket without a name, a missing library and missing credentials.
    """
    scheme, found, rest = location.partition("://")
    if found and scheme != "s3":
        raise LoaderError(
            f"{scheme}:// is not supported here; name a folder or s3://bucket/prefix/."
        )
    bucket, _, prefix = rest.partition("/")
    if found and not bucket:
        raise LoaderError(f"{location} names no bucket; write s3://bucket/prefix/.")
    try:
        from obstore.store import LocalStore, S3Store  # noqa: PLC0415 - in an extra
    except ModuleNotFoundError as error:
        raise missing_library(error) from error
    if not found:
        folder = Path(location).expanduser().resolve()
        with explained(str(folder)):
            return Store(str(folder), LocalStore(folder, mkdir=create), folder)
    if os.environ.get("AWS_PROFILE") and not os.environ.get("AWS_ACCESS_KEY_ID"):
        raise LoaderError(
            "AWS_PROFILE is not read here; set the keys that it stands for:"
            ' eval "$(aws configure export-credentials --format env)".'
        )
    with explained(location):
        store = S3Store(
            bucket,
            prefix=prefix.strip("/") or None,
            client_options=_OPTIONS,
            retry_config=_RETRIES,
        )
    return Store(location.rstrip("/"), store)


def missing_library(error: ModuleNotFoundError) -> LoaderError:
    """Say how to install what S3 and the lake need."""
    return LoaderError(
        f"this needs {error.name}, which is not installed: .venv/bin/pip install -e '.[lake]'."
    )


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn what obstore raises into a LoaderError: one sentence about ``where``, no secret."""
    from obstore.exceptions import BaseError  # noqa: PLC0415 - in an extra

    try:
        yield
    except FileNotFoundError as error:
        cause = "there is no such object" if "NoSuchBucket" not in str(error) else None
        raise LoaderError(f"{where}: {cause or _cause(str(error))}.") from error
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise LoaderError(f"{where}: {error.strerror or _cause(str(error))}.") from error
        raise LoaderError(
            f"the disk of {tempfile.gettempdir()} is full; make room, or name another folder for"
            " temporary files in TMPDIR."
        ) from error
    except BaseError as error:
        raise LoaderError(f"{where}: {_cause(str(error))}.") from error


def _cause(text: str) -> str:
    for pattern, cause in _CAUSES.items():
        if re.search(pattern, text):
            return cause
    reason = " ".join(text.partition("\n\n")[0].split()).rstrip(".")
    if "error sending request" in text or "timed out" in text:
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        named = f"AWS_ENDPOINT_URL is {endpoint}" if endpoint else "no AWS_ENDPOINT_URL is set"
        return f"the server cannot be reached; {named}"
    if found := re.search(r"(?:os error|\bcode:) (\d+)", text):
        reason = os.strerror(int(found[1]))
        return f"{reason}; check the folder, its permissions and the space on its disk"
    if found := re.search(r"<Code>(.*?)</Code>(?:<Message>(.*?)</Message>)?", text):
        return f"S3 answered {found[1]}: {(found[2] or 'no reason given').rstrip('.')}"
    return f"it cannot be used: {reason}"


def _is_new(write: Callable[[], object]) -> bool:
    from obstore.exceptions import AlreadyExistsError  # noqa: PLC0415 - in an extra

    try:
        write()
    except (AlreadyExistsError, FileExistsError):
        return False
    return True


def _to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a power cut."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
