"""``s3://bucket/prefix/``: CSV files or a zip on S3.

They are fetched first and landed as those of a folder: what is wrong with them is reported alike,
and no transaction waits for a network.
"""

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from loaders.errors import LoaderError
from loaders.sources import Delivery, Request
from loaders.sources.files import find_files

_LANDABLE = (".csv", ".csv.gz")
_ANSWER = re.compile(r"<Code>(.*?)</Code>\s*<Message>(.*?)</Message>")
_KEYS = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN)"
# What to do about an answer of S3, by a part of it.
_ADVICE = {
    "NoSuchBucket": "check the bucket's name, and AWS_ENDPOINT_URL",
    "NoSuchKey": "check the name",
    "AccessDenied": "reading needs s3:GetObject and s3:ListBucket",
    "PermanentRedirect": "set AWS_REGION to the bucket's",
    "AuthorizationHeaderMalformed": "set AWS_REGION to the bucket's",
    "InvalidAccessKeyId": f"check {_KEYS}",
    "SignatureDoesNotMatch": f"check {_KEYS}",
    "169.254.169.254": f"no credentials were found: set {_KEYS}",
}


@contextmanager
def deliver(location: str, only: Sequence[str], _: Request) -> Iterator[Delivery]:
    """Deliver a zip, a CSV file, or the CSV files right below a prefix."""
    location = location.rstrip("/")
    with tempfile.TemporaryDirectory(prefix="olist-s3-") as scratch:
        folder = Path(scratch)
        if location.lower().endswith((".zip", *_LANDABLE)):
            above, _slash, name = location.rpartition("/")
            path, names = folder / name, [name]
        else:
            above, path, names = location, folder, None
        with _reported(location):
            store = open_store(above)
            for name in names or _landable(store):
                _fetch(store, name, folder / name)
        try:
            files, unknown = find_files(path, only)
        except LoaderError as error:
            raise LoaderError(str(error).replace(str(path), location)) from error
        yield Delivery(location, files, unknown)


def open_store(location: str) -> ObjectStore:
    """Open ``s3://bucket/prefix``, with the settings that the variables of AWS have.

    Raises obstore's exceptions.
    """
    return from_url(
        location,
        client_options={"allow_http": True, "connect_timeout": timedelta(seconds=10)},
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=30)},
    )


def _landable(store: ObjectStore) -> list[str]:
    objects = obstore.list_with_delimiter(store)["objects"]
    return [found["path"] for found in objects if found["path"].lower().endswith(_LANDABLE)]


def _fetch(store: ObjectStore, name: str, path: Path) -> None:
    with path.open("wb") as file:
        for block in obstore.get(store, name).stream(min_chunk_size=1 << 20):
            file.write(block)


@contextmanager
def _reported(location: str) -> Iterator[None]:
    """Say what S3, or this machine's disk, did not do."""
    try:
        yield
    except (BaseError, FileNotFoundError, PermissionError) as error:
        text = str(error)
        answer = _ANSWER.search(text)
        reason = f"{answer[1]}: {answer[2]}" if answer else text.strip().split("\n")[0]
        advice = next((do for part, do in _ADVICE.items() if part in text), "")
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        advice = advice or f"AWS_ENDPOINT_URL is {endpoint or 'not set'}"
        raise LoaderError(
            f"{location}: S3 cannot be read ({' '.join(reason.split()).rstrip('.')}); {advice}."
        ) from error
    except OSError as error:
        raise LoaderError(
            f"{location} cannot be kept in {tempfile.gettempdir()} while it is landed"
            f" ({error.strerror}): make room, or set TMPDIR to a folder with more."
        ) from error
