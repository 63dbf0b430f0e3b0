"""The lake: every landed file for good, on S3 or in a folder, and ``raw`` rebuilt from it."""

from loaders.lake.archive import archive
from loaders.lake.keep import keeping
from loaders.lake.replay import replay

__all__ = ["archive", "keeping", "replay"]
