"""The report of a run: what was killed, what survived, and why that may be."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .known import Judgements
from .mutants import Mutant
from .verdicts import Verdict

_TEXT = """\
# Mutants: can the tests fail?

Each mutant is the project with one thing changed in one model or macro: a join kind, a comparison,
a dropped `distinct`, term or key part, another column, constant, sort order … It is built on small
synthetic data that has the edges of the rules in it: first incrementally, on a warehouse whose last
loads (late, corrected and removed rows) are not built yet, then, where an incremental model is in
it, with `--full-refresh`. Only what `dbt build` says counts.

- **killed**: a data test or unit test failed, or a constraint, unique index or contract refused the
  rows (*by error*).
- **invalid**: the SQL cannot be run, which says nothing about the tests; left out of the score.
- **equivalent**: it cannot change a result; each has its reason below; left out of the score.
- **unreached**: a macro that no model calls on this engine, or that only hooks call (pytest holds
  those, `tests/python/test_keys.py`); left out of the score.
- **score**: killed / (killed + survived).

Made by `{command}`; do not edit. Judgements are in `tests/mutation/known.toml`.
"""


@dataclass(frozen=True)
class Outcome:
    """A mutant and what became of it."""

    mutant: Mutant
    verdict: Verdict


def score(outcomes: Sequence[Outcome]) -> float:
    """Percentage of the mutants that say something which a test has killed; 100 for none."""
    counts = Counter(outcome.verdict.status for outcome in outcomes)
    killed = counts["test"] + counts["error"]
    return 100.0 * killed / (killed + counts["survived"]) if killed + counts["survived"] else 100.0


def summary(outcomes: Sequence[Outcome]) -> str:
    """One line of counts."""
    counts = Counter(outcome.verdict.status for outcome in outcomes)
    return (
        f"{len(outcomes)} mutants: {counts['test']} killed by a test,"
        f" {counts['error']} by an error, {counts['survived']} survived,"
        f" {counts['equivalent']} equivalent, {counts['invalid']} invalid,"
        f" {counts['unreached']} unreached; score {score(outcomes):.1f} %"
    )


def render(outcomes: Sequence[Outcome], judgements: Judgements, command: str) -> str:
    """The report in Markdown; the same for the same outcomes."""
    parts = [_TEXT.format(command=command), f"**{summary(outcomes)}.**\n", _by_owner(outcomes)]
    survivors = [o for o in outcomes if o.verdict.status == "survived"]
    rows = [
        (f"`{o.mutant.id}`", _change(o.mutant), judgements.why_survived(o.mutant) or "**not yet**")
        for o in survivors
    ]
    parts.append("## Survivors\n\n" + (_table(["mutant", "change", "why"], rows) or "None.\n"))
    rows = [
        (f"`{o.mutant.id}`", _change(o.mutant), o.verdict.by)
        for o in outcomes
        if o.verdict.status == "equivalent"
    ]
    parts.append("## Equivalent\n\n" + (_table(["mutant", "change", "why"], rows) or "None.\n"))
    parts.append("## All mutants\n\n" + _list(outcomes))
    return "\n".join(parts)


def _by_owner(outcomes: Sequence[Outcome]) -> str:
    owners: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        key = (outcome.mutant.file, outcome.mutant.owner)
        owners.setdefault(key, []).append(outcome)
    rows = []
    for (file, owner), found in owners.items():
        counts = Counter(outcome.verdict.status for outcome in found)
        rated = counts["test"] + counts["error"] + counts["survived"]
        rows.append(
            (
                f"`{owner}`" + (" (macro)" if file.startswith("macros/") else ""),
                *(str(number) for number in _numbers(len(found), counts)),
                f"{score(found):.0f} %" if rated else "-",
            )
        )
    heads = ["model or macro", "mutants", "killed by test", "by error", "survived"]
    return _table([*heads, "equivalent", "invalid", "unreached", "score"], rows)


def _numbers(total: int, counts: Mapping[str, int]) -> list[int]:
    order = ("test", "error", "survived", "equivalent", "invalid", "unreached")
    return [total, *(counts[status] for status in order)]


def _change(mutant: Mutant) -> str:
    return f"{_code(mutant.before)} → {_code(mutant.after) or '*nothing*'}"


def _code(text: str) -> str:
    """A piece of SQL for a cell; long ones keep their beginning."""
    short = text if len(text) <= 160 else text[:157] + " …"
    return f"`{short}`".replace("|", "\\|") if short else ""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def _list(outcomes: Sequence[Outcome]) -> str:
    """One line a mutant: number of the line, kind, what became of it."""
    lines: list[str] = []
    file = ""
    for outcome in outcomes:
        if outcome.mutant.file != file:
            file = outcome.mutant.file
            lines += ["", f"### {file}", ""]
        place = outcome.mutant.id.removeprefix(f"{file}:")
        status, by = outcome.verdict.status, outcome.verdict.by
        said = f"killed by {by}" if status in {"test", "error"} else status
        lines.append(f"- {place} {said}")
    return "\n".join(lines[1:]) + "\n"
