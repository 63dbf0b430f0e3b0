"""Checks of credentials: which sources are open from here. Never what they are."""

from collections.abc import Iterator

from loaders.doctor.finding import FAIL, OK, Finding
from loaders.download import has_credentials
from loaders.errors import LoaderError
from loaders.lake.store import named_lake, open_store
from loaders.redact import redact


def findings() -> Iterator[Finding]:
    """Yield what was found; the lake is asked only where one is named."""
    if has_credentials():
        yield Finding("credentials (Kaggle)", OK, "there; 'olist download' can fetch the dataset")
    else:
        yield Finding(
            "credentials (Kaggle)", OK, "none; OLIST_DATA=path or synthetic data need none"
        )
    lake = named_lake(None)
    if lake:
        yield _lake(lake)


def _lake(location: str) -> Finding:
    """Ask the lake for one name: that takes credentials, rights and a bucket that is there."""
    try:
        next(iter(open_store(location).keys()), None)
    except LoaderError as error:
        return Finding("lake (OLIST_LAKE)", FAIL, "it cannot be read", redact(str(error)))
    return Finding("lake (OLIST_LAKE)", OK, f"{redact(location)} can be read")
