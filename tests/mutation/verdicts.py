"""What the results of a build say about a mutant."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

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
    r"|duplicate row values|more than one row returned",
    re.IGNORECASE,
)
_HASH = re.compile(r' "[0-9a-f]{32}"')  # dbt's names of indexes differ between runs


@dataclass(frozen=True)
class Verdict:
    """What a build said: ``survived``, ``test`` or ``error`` (killed by it) or ``invalid``."""

    status: str
    by: str = ""


def verdict(results: Iterable[Any]) -> Verdict:
    """A failed test kills, also beside an error; an error kills when it is not one of the SQL."""
    broken = list(_broken(results))
    for status, is_test, name, message in broken:
        if is_test and (status == "fail" or not _NOT_SQL.search(message)):
            return Verdict("test", name)
    for _, _, name, message in broken:
        if _CAUGHT.search(message):
            return Verdict("error", f"{name}: {_first_line(message, _CAUGHT)}")
    for _, _, name, message in broken:
        return Verdict("invalid", f"{name}: {_first_line(message)}")
    return Verdict("survived")


def _broken(results: Iterable[Any]) -> Iterator[tuple[str, bool, str, str]]:
    for result in results:
        status = str(result.status)
        if status in {"fail", "error", "runtime error"}:
            is_test = str(result.node.resource_type) in {"test", "unit_test"}
            yield status, is_test, str(result.node.name), str(result.message or "")


def _first_line(message: str, pattern: re.Pattern[str] | None = None) -> str:
    """The line of a message that matters, without what differs between runs."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    chosen = [line for line in lines if pattern and pattern.search(line)]
    chosen += [line for line in lines if not line.startswith(("Database Error", "Compilation"))]
    return _HASH.sub("", (chosen or lines or ["no message"])[0])[:120]
