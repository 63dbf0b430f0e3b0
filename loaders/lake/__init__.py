"""The lake: every version of every row as Parquet, files as they came, and ``raw`` out of it."""

from loaders.lake.archive import archive, keeping, named_lake
from loaders.lake.replay import replay

__all__ = ["archive", "keeping", "named_lake", "replay"]
