"""Mutants that change the same models, one after the other, in a process of their own."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loaders.errors import LoaderError
from loaders.land import Rules, land

from . import databases, scenario
from .builds import build, copy_project
from .databases import BASE, PREFIX
from .mutants import Mutant
from .verdicts import Verdict, verdict


@dataclass(frozen=True)
class Group:
    """Mutants with the same targets; ``number`` names its folder and databases."""

    number: int
    targets: tuple[str, ...]
    mutants: Sequence[Mutant]

    @property
    def selection(self) -> list[str]:
        """What dbt has to build: the changed models and all that follows from them."""
        return [f"{name}+" for name in self.targets]


def prepare(root: Path, work: Path, scale: float) -> None:
    """Make the database that all groups start from: built once, and with loads that came since.

    Raises LoaderError when the unchanged project does not build.
    """
    before, after = scenario.write(work / "data", scale)
    project = work / "base"
    copy_project(root, project)
    databases.create(BASE)
    with databases.in_environment(BASE):
        for folder, mode in before:
            land(folder, mode, say=lambda _: None, rules=Rules(allow_removals=True))
        _expect_clean(build(project, first_failure=False), "first build")
        for folder, mode in after:
            land(folder, mode, say=lambda _: None, rules=Rules(allow_removals=True))


def run(group: Group, work: Path, tell: Callable[[str, Verdict], None]) -> None:
    """Try each mutant of a group; ``tell`` gets its id and verdict.

    Raises LoaderError when the unchanged project fails a test where the mutants will run.
    """
    project = work / f"group_{group.number:03}"
    shutil.copytree(work / "base", project)
    start, name = f"{PREFIX}{group.number:03}_start", f"{PREFIX}{group.number:03}"
    try:
        with databases.in_environment(name):
            has_incremental = _start(group, project, start, name)
            for mutant in group.mutants:
                path = project / mutant.file
                original = path.read_text("utf-8")
                path.write_text(mutant.text(original), "utf-8")
                outcome = _try(group, project, start, name, full=has_incremental)
                path.write_text(original, "utf-8")
                tell(mutant.id, outcome)
    finally:
        databases.drop(name, start)
        shutil.rmtree(project, ignore_errors=True)


def _start(group: Group, project: Path, start: str, name: str) -> bool:
    """Bring all but the group's models up to date; whether a full refresh differs for these.

    The tests compare models with each other, so what a mutant does not touch has seen both loads.
    """
    databases.clone(BASE, name)
    others = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    rest = build(project, "--exclude", *group.selection, *others, first_failure=False)
    _expect_clean(rest, f"the models beside {', '.join(group.targets)}")
    databases.rename(name, start)
    databases.clone(start, name)
    results = build(project, "--select", *group.selection, first_failure=False)
    _expect_clean(results, f"the build of {', '.join(group.targets)}")
    kinds = {str(result.node.config.materialized) for result in results if _is_model(result)}
    if "incremental" not in kinds:
        return False
    databases.clone(start, name)
    results = build(project, "--select", *group.selection, "--full-refresh", first_failure=False)
    _expect_clean(results, f"the full refresh of {', '.join(group.targets)}")
    return True


def _is_model(result: object) -> bool:
    node = getattr(result, "node", None)
    return str(getattr(node, "resource_type", "")) == "model"


def _try(group: Group, project: Path, start: str, name: str, *, full: bool) -> Verdict:
    """Incrementally first; what survives that, also from nothing."""
    outcome = Verdict("survived")
    for options in ([], ["--full-refresh"]) if full else ([],):
        databases.clone(start, name)
        outcome = verdict(build(project, "--select", *group.selection, *options))
        if outcome.status != "survived":
            break
    return outcome


def _expect_clean(results: Sequence[object], what: str) -> None:
    outcome = verdict(results)
    if outcome.status != "survived":
        raise LoaderError(
            f"The unchanged project fails in {what}: {outcome.by}. Mutants say nothing until it"
            " passes."
        )
