"""The queries of ``analyses/``: what each answers, and its SQL with the tables it asks.

dbt compiles them as well; a query that has no Jinja but ``ref`` needs no dbt to be asked.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from loaders.paths import project_root

_REF = re.compile(r"""\{\{\s*ref\(\s*['"](\w+)['"]\s*\)\s*\}\}""")
_COMMENT = re.compile(r"\A(?:--.*\n)*")
_TOLD = re.compile(r"(?P<question>[^?]+\?).*? Grain: (?P<grain>.+?)\. .*?\bTrap: (?P<trap>.+)")
_FIRST = ("questions", "kpis")


@dataclass(frozen=True)
class Analysis:
    """A query that is worth keeping. What its comment does not tell is empty."""

    name: str
    group: str
    question: str
    grain: str
    trap: str
    query: str

    @property
    def needs_dbt(self) -> bool:
        """Whether it has Jinja that only dbt understands."""
        return "{{" in self.query or "{%" in self.query


def analyses(folder: Path | None = None) -> dict[str, Analysis]:
    """All of them by name: the questions, the KPIs, then what stands beside them."""
    root = folder or project_root() / "analyses"
    found = [_read(file, root) for file in sorted(root.rglob("*.sql"))]
    found.sort(key=lambda one: _FIRST.index(one.group) if one.group in _FIRST else len(_FIRST))
    return {one.name: one for one in found}


def with_tables(query: str) -> str:
    """The query with the tables that its refs name, in the schemas of dbt_project.yml."""
    return _REF.sub(lambda ref: f"{_schema(ref[1])}.{ref[1]}", query)


def _read(file: Path, root: Path) -> Analysis:
    text = file.read_text("utf-8")
    comment = _COMMENT.match(text)
    lines = comment[0].splitlines() if comment else []
    told = _TOLD.match(" ".join(line.removeprefix("--").strip() for line in lines))
    return Analysis(
        name=file.stem,
        group="" if file.parent == root else file.parent.name,
        question=told["question"] if told else "",
        grain=told["grain"] if told else "",
        trap=told["trap"] if told else "",
        query=with_tables(text),
    )


def _schema(model: str) -> str:
    return "reports" if model.startswith("rpt_") else "marts"
