"""What a build says about a mutant, which ones cannot be noticed, and the report of a run."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, NamedTuple

from .mutants import Mutant

KNOWN = Path(__file__).with_name("known.toml")
# Errors of the statement itself, which say nothing about the tests, as PostgreSQL words them.
_NOT_SQL = re.compile(
    r"syntax error|does not exist|must appear in the GROUP BY|is ambiguous|types? .* cannot be"
    r"|cannot cast|could not determine|is of type|must be of the same type|must be type"
    r"|specified more than once|must have the same number|Compilation Error|invalid reference"
    r"|invalid UNION|are not allowed|cannot be matched|is undefined|has no attribute",
    re.IGNORECASE,
)
# Errors that are the database's own tests: constraints, unique indexes, contracts, a time limit.
_CAUGHT = re.compile(
    r"violates|could not create unique index|enforced contract that failed|statement timeout"
    r"|duplicate row values|more than one row returned|affect row a second time",
    re.IGNORECASE,
)
_STATUSES = ("test", "error", "survived", "equivalent", "invalid")


class Verdict(NamedTuple):
    """``test`` or ``error`` (killed ``by`` it), or another of ``_STATUSES``."""

    status: str
    by: str = ""


def verdict(results: Iterable[Any]) -> Verdict:
    """A failed test kills, also beside an error; an error kills when it is not one of the SQL."""
    broken = [one for one in results if str(one.status) in {"fail", "error", "runtime error"}]
    for one in broken:
        is_test = str(one.node.resource_type) in {"test", "unit_test"}
        if is_test and (str(one.status) == "fail" or not _NOT_SQL.search(str(one.message))):
            return Verdict("test", str(one.node.name))
    caught = [one for one in broken if _CAUGHT.search(str(one.message))]
    for one in caught or broken:
        lines = sorted(str(one.message).splitlines(), key=lambda line: not _CAUGHT.search(line))
        by = f"{one.node.name}: {' '.join(lines).strip()[:120]}"
        return Verdict("error" if caught else "invalid", by)
    return Verdict("survived")


class Known(NamedTuple):
    """A mutant that cannot change a result: a pattern of ids, perhaps with the SQL before."""

    id: str
    reason: str
    before: str | None = None

    def matches(self, mutant: Mutant) -> bool:
        """Whether it is about this mutant."""
        return fnmatch(mutant.id, self.id) and self.before in {None, mutant.before}


def read_known(path: Path = KNOWN) -> list[Known]:
    """Read known.toml."""
    return [Known(**one) for one in tomllib.loads(path.read_text("utf-8"))["equivalent"]]


Outcomes = Sequence[tuple[Mutant, Verdict]]


def summary(outcomes: Outcomes) -> tuple[str, float]:
    """One line of counts, and the score: how many of a hundred that say something were killed."""
    counts = Counter(found.status for _, found in outcomes)
    killed, said = counts["test"] + counts["error"], len(outcomes)
    said -= counts["equivalent"] + counts["invalid"]
    score = 100.0 * killed / said if said else 100.0
    words = ", ".join(f"{counts[status]} {status}" for status in _STATUSES[2:])
    return (
        f"{len(outcomes)} mutants: {counts['test']} killed by a test, {counts['error']} by an"
        f" error, {words}; score {score:.1f} %"
    ), score


def report(outcomes: Outcomes, command: str) -> str:
    """The report in Markdown: the counts and the survivors; the same for the same outcomes."""
    lines = ["None."]
    for mutant, found in outcomes:
        if found.status == "survived":
            texts = (f"`{text}`".replace("|", "\\|") for text in (mutant.before, mutant.after))
            lines.append(f"| `{mutant.id}` | {' | '.join(texts)} |")
    if len(lines) > 1:
        lines[:1] = ["| mutant | before | after |", "| --- | --- | --- |"]
    text = Path(__file__).with_name("report.md").read_text("utf-8")
    text = text.replace("{command}", command).replace("{summary}", summary(outcomes)[0])
    return text.replace("{survivors}", "\n".join(lines))
