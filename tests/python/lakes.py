"""Lakes to test with: a folder, and a bucket of an S3 server on loopback."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from moto.server import ThreadedMotoServer

from conftest import Query
from loaders.lake import archive, replay
from loaders.lake.store import open_store
from loaders.tables import TABLES

RAW = [table.name for table in TABLES] + ["_batches", "_files", "_rejected_rows"]


@contextmanager
def s3_server() -> Iterator[dict[str, str]]:
    """Start an S3 server and yield the variables of AWS that lead to it."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield {
            "AWS_ENDPOINT_URL_S3": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
    finally:
        server.stop()


@dataclass(frozen=True)
class Lake:
    """A lake, and the ways to damage it that a lake itself does not offer."""

    location: str

    def archive(self) -> list[str]:
        """Archive, and return what was said."""
        said: list[str] = []
        archive(self.location, said.append)
        return said

    def replay(self) -> list[str]:
        """Replay, and return what was said."""
        said: list[str] = []
        replay(self.location, said.append)
        return said

    def names(self) -> list[str]:
        """All keys."""
        return sorted(open_store(self.location).keys())

    def read(self, key: str) -> bytes:
        """The bytes of an object."""
        with open_store(self.location).open(key) as stream:
            return stream.read()

    def state(self) -> dict[str, Any]:
        """What changes when an object is written again: its time and its version."""
        if not self.location.startswith("s3://"):
            found = (Path(self.location) / key for key in self.names())
            return {str(path): (path.stat().st_mtime_ns, path.stat().st_ino) for path in found}
        bucket = urlsplit(self.location).netloc
        versions = boto3.client("s3").list_object_versions(Bucket=bucket).get("Versions", [])
        return {f"{each['Key']} {each['VersionId']}": each["LastModified"] for each in versions}

    def overwrite(self, key: str, content: bytes | None) -> None:
        """Put other bytes in the place of an object; remove it for None."""
        if self.location.startswith("s3://"):
            parts = urlsplit(self.location)
            where = {"Bucket": parts.netloc, "Key": f"{parts.path.strip('/')}/{key}"}
            client = boto3.client("s3")
            if content is None:
                client.delete_object(**where)  # type: ignore[arg-type]
            else:
                client.put_object(**where, Body=content)  # type: ignore[arg-type]
            return
        path = Path(self.location) / key
        path.unlink(missing_ok=True)
        if content is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def set_raw_aside(query: Query) -> None:
    """Keep a copy of raw, and drop it."""
    query("drop schema if exists aside cascade")
    query("create schema aside")
    for name in RAW:
        query(f"create table aside.{name} as table raw.{name}")
    query("drop schema raw cascade")


def assert_raw_is_as_before(query: Query) -> None:
    """Compare raw with the copy, both ways, rows of the ledger and batch columns too."""
    for name in RAW:
        for one, other in (("aside", "raw"), ("raw", "aside")):
            difference = query(f"table {one}.{name} except all table {other}.{name}")
            assert not difference, (name, one, difference[:3])


def olist(*arguments: str, **options: Any) -> "subprocess.Popen[str]":
    """Start the command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "loaders", *arguments],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **options,
    )
