"""The embedded PostgreSQL server: made, started and stopped by the project itself.

It listens on 127.0.0.1 only, asks for a generated password, keeps everything in ``.postgres/``
and stays up after the command that started it.
"""

from loaders.server.binaries import find_psql
from loaders.server.control import describe, down, environment, is_running, up

__all__ = ["describe", "down", "environment", "find_psql", "is_running", "up"]
