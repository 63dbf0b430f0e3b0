"""The queries of docs/metrics.md, and what they give on the real data."""

import re
from decimal import Decimal

from loaders.paths import project_root

_METRIC = re.compile(r"```sql\n(.+?)\n```\n\nOn the Olist data: `([\d.]+)`", re.DOTALL)


def metrics() -> dict[str, Decimal]:
    """Queries and their values."""
    text = (project_root() / "docs" / "metrics.md").read_text("utf-8")
    found = {query: Decimal(value) for query, value in _METRIC.findall(text)}
    assert len(found) == text.count("```sql") > 0, "a query of docs/metrics.md has no value"
    return found
