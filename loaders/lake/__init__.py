"""The lake: every version of every row as Parquet, files as they came, and ``raw`` out of it."""

import os
from contextlib import nullcontext
from functools import partial

from loaders.land import Archiving


def archiving(location: str | None = None) -> Archiving:
    """Return what wraps a landing so that it ends in a lake too.

    The lake is the one at ``location``, else the one of OLIST_LAKE, else there is none. Landing
    raises LoaderError, before anything is landed, when the lake cannot be used.
    """
    lake = location or os.environ.get("OLIST_LAKE")
    if not lake:
        return lambda _, delivery, __: nullcontext(delivery)
    from loaders.lake.archive import keep  # noqa: PLC0415 - its libraries are an extra

    return partial(keep, lake)
