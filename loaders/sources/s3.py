"""``s3://bucket/prefix/``: CSV files or a zip on S3.

They are fetched first and landed as those of a folder: what is wrong with them is reported alike,
and no transaction waits for a network.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from loaders.errors import LoaderError, redact
from loaders.objects import Store, explained, open_store
from loaders.sources import Delivery, Request, named
from loaders.sources.files import find_files

_LANDABLE = (".csv", ".csv.gz")


@contextmanager
def deliver(location: str, only: Sequence[str], _: Request) -> Iterator[Delivery]:
    """Deliver a zip, a CSV file, or the CSV files right below a prefix."""
    location = location.rstrip("/")
    with tempfile.TemporaryDirectory(prefix="olist-s3-") as scratch:
        folder = Path(scratch)
        with named(redact(location)):
            if location.lower().endswith((".zip", *_LANDABLE)):
                above, _slash, name = location.rpartition("/")
                store, path, names = open_store(above), folder / name, [name]
            else:
                store, path = open_store(location), folder
                names = _landable(store)
            for name in names:
                with explained(location), (folder / name).open("wb") as file:
                    store.fetch(name, file)
            try:
                files, unknown = find_files(path, only)
            except LoaderError as error:
                raise LoaderError(str(error).replace(str(path), location)) from error
        yield Delivery(location, files, unknown)


def _landable(store: Store) -> list[str]:
    with explained(store.location):
        found = store.objects.list_with_delimiter()["objects"]
    return [each["path"] for each in found if each["path"].lower().endswith(_LANDABLE)]
