"""Every mutant of the project: what is changed where, and which models show it."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import clauses, columns, operators
from .edits import Edit
from .text import Unit, tokenize

MUTATORS = (
    clauses.joins,
    operators.comparisons,
    operators.distincts,
    clauses.wheres,
    clauses.terms,
    operators.null_tests,
    operators.calls,
    operators.trims,
    operators.constants,
    operators.units,
    operators.arithmetic,
    clauses.cases,
    clauses.orders,
    clauses.unions,
    clauses.incremental_blocks,
    columns.list_items,
    columns.swapped_columns,
    columns.swapped_join_keys,
)
# dbt's own hooks: they hold no business rule.
_LEFT_OUT = re.compile(r"^generate_(schema|alias|database)_name$")
_MACRO = re.compile(
    r"\{%-?\s*macro\s+(\w+)\s*\([^{}]*?\)\s*-?%\}(.*?)\{%-?\s*endmacro\s*-?%\}", re.DOTALL
)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_SNAPSHOT = re.compile(r"\{%-?\s*snapshot\s+(\w+)")
_CALL = re.compile(r"\b(\w+)\s*\(")
_DISPATCH = re.compile(r"adapter\.dispatch\(\s*[\"'](\w+)[\"']")
ADAPTER = "postgres"


@dataclass(frozen=True)
class Mutant:
    """The project with one thing changed.

    ``id`` is ``file:line:kind:n``; ``before`` and ``after`` are the lines that the edit touches, in
    one line each; ``within`` is the CTE that it is in, if any; ``targets`` are the models and
    snapshots whose SQL it changes (none: the engine in use never runs that macro).
    """

    id: str
    file: str
    owner: str
    edit: Edit
    before: str
    after: str
    within: str
    targets: tuple[str, ...]

    def text(self, original: str) -> str:
        """The whole file, changed."""
        return original[: self.edit.start] + self.edit.new + original[self.edit.end :]


@dataclass
class Project:
    """The files that hold SQL, and which macro reaches which model."""

    root: Path
    models: list[Unit] = field(default_factory=list)
    macros: list[Unit] = field(default_factory=list)

    @classmethod
    def read(cls, root: Path) -> "Project":
        """Read models, snapshots and macros below ``root``, in the order of their paths."""
        project = cls(root)
        for folder in ("models", "snapshots"):
            for path in sorted((root / folder).rglob("*.sql")):
                text = path.read_text("utf-8")
                named = _SNAPSHOT.search(text)
                name = named.group(1) if named else path.stem
                file = path.relative_to(root).as_posix()
                project.models.append(Unit(file, name, False, text, tokenize(text)))
        for path in sorted((root / "macros").rglob("*.sql")):
            project.macros += _macros(path.relative_to(root).as_posix(), path.read_text("utf-8"))
        return project

    def mutants(self) -> list[Mutant]:
        """All of them; the same list for the same files."""
        reached = self._reached_models()
        found: list[Mutant] = []
        for unit in [*self.models, *self.macros]:
            targets = tuple(reached.get(unit.name, ())) if unit.is_macro else (unit.name,)
            found += _mutants_of(unit, targets)
        return _numbered(found)

    def _reached_models(self) -> dict[str, list[str]]:
        """Macro → models and snapshots that call it, also through other macros.

        Read from the text and not from dbt's manifest: dbt notes only what it met while parsing,
        and then no macro inside ``{% if is_incremental() %}`` is met.
        """
        names = {macro.name for macro in self.macros}
        calls = {macro.name: _called(_body(macro), names) for macro in self.macros}
        reached: dict[str, list[str]] = {}
        for model in self.models:
            seen: set[str] = set()
            waiting = _called(_COMMENT.sub("", model.text), names)
            while waiting:
                name = waiting.pop()
                if name not in seen:
                    seen.add(name)
                    waiting |= calls[name]
            for name in sorted(seen):
                reached.setdefault(name, []).append(model.name)
        return reached


def _macros(file: str, text: str) -> Iterator[Unit]:
    hidden = _COMMENT.sub(lambda match: " " * len(match.group()), text)
    for match in _MACRO.finditer(hidden):
        if not _LEFT_OUT.match(match.group(1)):
            tokens = tokenize(text, match.start(2), match.end(2))
            yield Unit(file, match.group(1), True, text, tokens)


def _body(unit: Unit) -> str:
    return _COMMENT.sub("", unit.slice(0, len(unit.tokens))) if unit.tokens else ""


def _called(text: str, names: set[str]) -> set[str]:
    """Macros that a text calls; of a dispatched one, the version for this engine."""
    found = {name for name in _CALL.findall(text) if name in names}
    for name in _DISPATCH.findall(text):
        own, default = f"{ADAPTER}__{name}", f"default__{name}"
        found |= {own} if own in names else {default} & names
    return found


def _mutants_of(unit: Unit, targets: tuple[str, ...]) -> Iterator[Mutant]:
    seen: set[tuple[int, int, str]] = set()
    edits = [(number, edit) for number, make in enumerate(MUTATORS) for edit in make(unit)]
    for _, edit in sorted(edits, key=lambda pair: (pair[1].start, pair[0])):
        where = (edit.start, edit.end, edit.new)
        if where in seen:
            continue
        seen.add(where)
        first = unit.text.rfind("\n", 0, edit.start) + 1
        last = unit.text.find("\n", edit.end)
        last = len(unit.text) if last < 0 else last
        before = unit.text[first:last]
        after = unit.text[first : edit.start] + edit.new + unit.text[edit.end : last]
        yield Mutant(
            id=f"{unit.file}:{unit.line(edit.start)}:{edit.kind.replace(' ', '-')}",
            file=unit.file,
            owner=unit.name,
            edit=edit,
            before=" ".join(before.split()),
            after=" ".join(after.split()),
            within=unit.cte(edit.start),
            targets=targets,
        )


def _numbered(mutants: list[Mutant]) -> list[Mutant]:
    """The same with a number at the end of each id, from 1 on."""
    counts: Counter[str] = Counter()
    found = []
    for mutant in mutants:
        counts[mutant.id] += 1
        values = {**vars(mutant), "id": f"{mutant.id}:{counts[mutant.id]}"}
        found.append(Mutant(**values))
    return found
