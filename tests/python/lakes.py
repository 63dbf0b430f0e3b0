"""Lakes to test with: a folder, and a bucket of an S3 server on loopback."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from conftest import Query, quiet, write_csv
from loaders.errors import LoaderError
from loaders.lake.archive import archive
from loaders.lake.manifest import LEDGER
from loaders.lake.replay import replay
from loaders.land import Rules, land
from loaders.objects import Store, open_store
from loaders.tables import ALL_TABLES

SELLERS = ("s1,01037,sao paulo,SP", "s2,20031,rio de janeiro,RJ", "s3,30000,bh,MG")
POINTS = ("01037,-23.5,-46.6,sao paulo,SP", "01037,-23.5,-46.6,sao paulo,SP")
QUOTED = 's4,"04195","a, ""b""\nc",""'
RAW = [*(table.name for table in ALL_TABLES), *LEDGER]


@contextmanager
def s3_server() -> Iterator[dict[str, str]]:
    """Start an S3 server and yield the variables of AWS that lead to it."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield {
        "AWS_ENDPOINT_URL_S3": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        **dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull),
    }
    server.stop()


def make_bucket() -> str:
    """Make a bucket that keeps versions; return its name."""
    name = f"lake-{uuid.uuid4().hex[:8]}"
    client = boto3.client("s3")
    client.create_bucket(Bucket=name)
    client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@dataclass(frozen=True)
class Lake:
    """A lake, and the ways to damage it that a lake itself does not offer."""

    location: str

    @property
    def store(self) -> Store:
        return open_store(self.location, create=True)

    def archive(self) -> list[str]:
        """Archive, and return the output."""
        said: list[str] = []
        archive(self.location, said.append)
        return said

    def replay(self, until: int | None = None) -> list[str]:
        """Replay, and return the output."""
        said: list[str] = []
        replay(self.location, said.append, until=until)
        return said

    def state(self) -> dict[str, Any]:
        """What changes when an object is written again: its version, or its file's inode."""
        found = {key: self.store.objects.head(key) for key in self.store.sizes()}
        return {key: (head["version"], head["e_tag"]) for key, head in found.items()}

    def overwrite(self, key: str, content: bytes | None) -> None:
        """Put other bytes in the place of an object; remove it for None."""
        objects = self.store.objects
        objects.delete(key) if content is None else objects.put(key, content)


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


def history(folder: Path) -> None:
    """Land corrections, removals, repeats, A-B-A, a row that returns, rejects and failures."""
    write_csv(folder / "1", "sellers", *SELLERS, QUOTED, SELLERS[0])
    write_csv(folder / "1", "geolocation", *POINTS)
    write_csv(folder / "2", "sellers", "s2,20031,niteroi,RJ", "s5,1,x,SP")
    write_csv(folder / "3", "sellers", SELLERS[0], "s2,20031,niteroi,RJ", QUOTED)
    write_csv(folder / "3", "geolocation", POINTS[0], "20031,-22.9,-43.2,rio,RJ")
    write_csv(folder / "4", "sellers", "s6,1", "s7,1,y,SP", '"s8,1,z,SP')
    write_csv(folder / "5", "geolocation", POINTS[0], POINTS[0], POINTS[0])
    header = "seller_city,seller_id,seller_zip_code_prefix,seller_state,note"
    latin = f"{header}\ns\xe3o paulo,s9,1,SP,n\n"
    (folder / "5" / "olist_sellers_dataset.csv").write_bytes(latin.encode("latin-1"))
    removing = Rules(allow_removals=True)
    land(folder / "1", "snapshot", say=quiet)
    land(folder / "2", say=quiet)
    land(folder / "2", say=quiet)  # unchanged
    land(folder / "1", say=quiet)  # A again
    land(folder / "3", "snapshot", say=quiet, rules=removing)
    with pytest.raises(LoaderError):
        land(folder / "4", say=quiet)
    land(folder / "4", say=quiet, rules=Rules(max_rejects="5"))
    land(folder / "5", say=quiet, rules=Rules(encoding="latin-1", allow_removals=True))
    land(folder / "1", "snapshot", say=quiet, rules=removing)
