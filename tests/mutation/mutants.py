"""Every mutant of the project: what is changed where, and which models show it."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlglot import exp

from .mutators import MUTATORS
from .template import Template, read

# dbt's own hooks: they hold no business rule.
_LEFT_OUT = re.compile(r"generate_(schema|alias|database)_name")
_MACRO = re.compile(
    r"\{%-?\s*macro\s+(\w+)\s*\([^{}]*?\)\s*-?%\}(.*?)\{%-?\s*endmacro\s*-?%\}", re.DOTALL
)
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_DISPATCH = re.compile(r"adapter\.dispatch\(\s*[\"'](\w+)[\"']")
ADAPTER = "postgres"


@dataclass(frozen=True)
class Mutant:
    """The project with one thing changed.

    ``id`` is ``file:cte:kind:n`` (``owner`` instead of the CTE where there is none); ``before`` and
    ``after`` are the SQL of what is changed; ``targets`` are the models whose SQL it changes.
    """

    id: str
    file: str
    owner: str
    before: str
    after: str
    targets: tuple[str, ...]
    template: Template = field(repr=False, compare=False)
    node: int = field(repr=False)
    new: exp.Expr | None = field(repr=False, compare=False)

    def text(self, original: str) -> str:
        """The whole file, changed."""
        tree = self.template.tree.copy()
        node = list(tree.walk())[self.node]
        if self.new is None:
            node.pop()
        elif node is tree:
            tree = self.new
        else:
            node.replace(self.new.copy())
        return spliced(original, self.template, tree)


def spliced(original: str, template: Template, tree: exp.Expr) -> str:
    """The text of a file with a tree in its place."""
    body = template.text(tree).removeprefix(template.frame)
    return f"{original[: template.start]}\n{body}\n{original[template.end :]}"


@dataclass(frozen=True)
class Part:
    """A model, or a macro of a file; ``template`` is None where sqlglot cannot read it."""

    file: str
    name: str
    body: str
    is_macro: bool
    template: Template | None


def read_parts(root: Path) -> list[Part]:
    """Models and macros of a project, in the order of their paths."""
    parts: list[Part] = []
    for path in [p for room in ("models", "macros") for p in sorted((root / room).rglob("*.sql"))]:
        file = path.relative_to(root).as_posix()
        text = _COMMENT.sub(lambda found: " " * len(found[0]), path.read_text("utf-8"))
        is_macro = file.startswith("macros/")
        spans = [(found[1], *found.span(2)) for found in _MACRO.finditer(text)]
        for name, start, end in spans if is_macro else [(path.stem, 0, len(text))]:
            if not _LEFT_OUT.fullmatch(name):
                template = read(text, start, end)
                parts.append(Part(file, name, text[start:end], is_macro, template))
    return parts


def mutants_of(parts: Sequence[Part]) -> list[Mutant]:
    """All mutants that a model shows on this engine; the same list for the same files."""
    reached = _reached_models(parts)
    return [mutant for part in parts for mutant in _mutants_of(part, reached[part.name])]


def _reached_models(parts: Sequence[Part]) -> Mapping[str, tuple[str, ...]]:
    """Part → models that call it, also through other macros; a model reaches itself.

    Read from the text and not from dbt's manifest: dbt notes only what it met while parsing, and
    then no macro inside ``{% if is_incremental() %}`` is met.
    """
    macros = {part.name: part.body for part in parts if part.is_macro}

    def called(text: str) -> set[str]:
        found = set(re.findall(r"\b(\w+)\s*\(", text))
        for name in _DISPATCH.findall(text):
            own = f"{ADAPTER}__{name}"
            found |= {own if own in macros else f"default__{name}"}
        return found & set(macros)

    reached: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for part in parts:
        found, waiting = {part.name}, set() if part.is_macro else called(part.body)
        while waiting:
            found |= waiting
            waiting = {name for macro in waiting for name in called(macros[macro])} - found
        for name in found if not part.is_macro else ():
            reached[name] += (part.name,)
    return reached


def _mutants_of(part: Part, targets: tuple[str, ...]) -> Iterator[Mutant]:
    template, counts = part.template, Counter[str]()
    if not template or not targets:
        return
    for number, node in enumerate(template.tree.walk()):
        if template.is_framed(node):
            continue
        for kind, new in (found for make in MUTATORS for found in make(template, node)):
            before, after = template.text(node), template.text(new) if new else ""
            if before == after:
                continue
            cte = node.find_ancestor(exp.CTE)
            name = f"{part.file}:{cte.alias if cte else part.name}:{kind}"
            counts[name] += 1
            yield Mutant(
                id=f"{name}:{counts[name]}",
                file=part.file,
                owner=part.name,
                before=" ".join(before.split()),
                after=" ".join(after.split()),
                targets=targets,
                template=template,
                node=number,
                new=new,
            )
