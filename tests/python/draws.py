"""How many cases Hypothesis draws of what lands in a database: few, and the same; nightly more."""

import os

from hypothesis import HealthCheck, settings

_NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"

LANDINGS = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    max_examples=500 if _NIGHTLY else 25,
    derandomize=not _NIGHTLY,
)
