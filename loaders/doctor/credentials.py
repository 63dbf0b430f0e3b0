"""Checks of credentials: which sources are open from here. Never what they are."""

import os
from collections.abc import Iterator

from loaders.doctor.finding import OK, Finding
from loaders.download import has_credentials


def findings() -> Iterator[Finding]:
    """Yield what was found: none of them is a must."""
    if has_credentials():
        yield Finding("credentials (Kaggle)", OK, "there; 'olist download' can fetch the dataset")
    else:
        yield Finding(
            "credentials (Kaggle)", OK, "none; OLIST_DATA=path or synthetic data need none"
        )
    where = [name for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID") if os.environ.get(name)]
    yield Finding(
        "credentials (S3)",
        OK,
        f"by {where[0]}" if where else "none in the environment; only s3:// locations need them",
    )
