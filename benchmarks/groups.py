"""The groups of measurements, each a module with ``measures``, imported when it is asked for."""

import importlib
from collections.abc import Callable, Sequence
from inspect import cleandoc

from benchmarks.measure import Measure
from benchmarks.settings import Settings

# Those of a plain `make bench`, in the order of the results.
GROUPS = ("landing", "memory", "questions", "build", "incremental", "scale")
# Those that run only when they are named.
OTHERS = ("scale30", "server_settings")


def about(group: str) -> str:
    """What a group measures, and how: the text of its module."""
    return cleandoc(importlib.import_module(f"benchmarks.{group}").__doc__ or "")


def measures(group: str, settings: Settings) -> Sequence[Measure]:
    """Measure a group. Raises LoaderError when a command that it measures fails."""
    module = importlib.import_module(f"benchmarks.{group}")
    run: Callable[[Settings], Sequence[Measure]] = module.measures
    return run(settings)
