"""Mutants that people have judged: equivalent ones, and survivors with their explanation.

They are found by file and text and not by line number, so that they outlive edits elsewhere.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from loaders.errors import LoaderError

from .mutants import Mutant

FILE = Path(__file__).with_name("known.toml")


@dataclass(frozen=True)
class Known:
    """One judgement: ``before`` and ``after`` are those of the mutant, white space made single.

    ``file`` may be a pattern; ``within`` names the CTE, where the same lines are in several.
    """

    file: str
    before: str
    after: str
    reason: str
    within: str | None = None

    def matches(self, mutant: Mutant) -> bool:
        """Whether the judgement is about this mutant."""
        return (
            (mutant.before, mutant.after) == (self.before, self.after)
            and fnmatch(mutant.file, self.file)
            and self.within in {None, mutant.within}
        )


@dataclass(frozen=True)
class Judgements:
    """``equivalent`` mutants cannot change a result; ``survivors`` could, and no test says so."""

    equivalent: Sequence[Known]
    survivors: Sequence[Known]

    def why_equivalent(self, mutant: Mutant) -> str | None:
        """The reason, or None when the mutant is not among the equivalent ones."""
        return next((k.reason for k in self.equivalent if k.matches(mutant)), None)

    def why_survived(self, mutant: Mutant) -> str:
        """The explanation, empty when nobody has given one."""
        return next((k.reason for k in self.survivors if k.matches(mutant)), "")

    def stale(self, mutants: Sequence[Mutant]) -> list[Known]:
        """Judgements about mutants that are no longer made."""
        judged = [*self.equivalent, *self.survivors]
        return [known for known in judged if not any(known.matches(m) for m in mutants)]


def read(path: Path = FILE) -> Judgements:
    """Read the judgements. Raises LoaderError when the file has another form."""
    try:
        found = tomllib.loads(path.read_text("utf-8"))
        return Judgements(
            *([_known(entry) for entry in found.get(k, [])] for k in ("equivalent", "survivor"))
        )
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise LoaderError(
            f"{path.name}: each entry has file, before, after and reason ({error})."
        ) from error


def _known(entry: dict[str, str]) -> Known:
    before, after, reason = (" ".join(entry[k].split()) for k in ("before", "after", "reason"))
    return Known(entry["file"], before, after, reason, entry.get("within"))
