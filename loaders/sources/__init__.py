"""The places that raw data comes from: each ends in a delivery of CSV files to land."""

import importlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from loaders.errors import LoaderError
from loaders.sources.delivery import Delivery
from loaders.sources.source_file import SourceFile

__all__ = ["Delivery", "SourceFile", "deliver"]

# Module of each scheme, imported when it is asked for: some need an extra.
_SCHEMES: dict[str, str] = {"s3": "loaders.sources.lake"}


def deliver(location: str, only: Sequence[str] = ()) -> AbstractContextManager[Delivery]:
    """Open a location (a folder, a zip, ``scheme://…``) for one landing.

    ``only`` limits it to these raw tables. Raises LoaderError when there is nothing to land.
    """
    scheme, found, _ = location.partition("://")
    if found and scheme not in _SCHEMES:
        known = ", ".join(f"{name}://" for name in _SCHEMES)
        raise LoaderError(f"{scheme}:// is no known source; name a folder or a zip, or {known}.")
    if found:
        module = importlib.import_module(_SCHEMES[scheme])
    elif (Path(location) / "_batches").is_dir() or Path(location).parent.name == "_batches":
        module = importlib.import_module("loaders.sources.lake")
    else:
        module = importlib.import_module("loaders.sources.files")
    delivery: AbstractContextManager[Delivery] = module.deliver(location, only)
    return delivery
