"""Build mutants: a copy of the project on a database of its own, and dbt's results."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2
from dbt.cli.main import dbtRunner
from psycopg2 import sql

from loaders import connection
from loaders.errors import LoaderError
from loaders.land import Rules, land

from . import scenario
from .mutants import Mutant, spliced
from .verdicts import Verdict, verdict

PREFIX = "olist_mutant_"
BASE = f"{PREFIX}base"
SCALE = 0.005  # of the synthetic data
_LOCK = 0x0115_7003
_DISCONNECT = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = any(%s)"
# A mutant may turn a join into a product: it ends here instead of running for hours.
_TIMEOUT = "-c statement_timeout=60s"
_OPTIONAL = "{with_operations: true, with_external: true}"
# .dbtignore stays: dbt does not read pytest's tables either
_LEFT_OUT = (
    *(".[!d]*", "*.py", "*.raw.sql"),
    *("python", "target", "logs", "benchmarks", "docs", "loaders"),
)


class Group(NamedTuple):
    """Mutants of the same models, with a folder and databases of their own of that name."""

    name: str
    mutants: Sequence[Mutant]
    work: Path


@contextmanager
def alone() -> Iterator[None]:
    """Hold the server for this run, and leave no database of it behind, however it ends.

    Raises LoaderError when another run is at work there.
    """
    _use("postgres")
    with closing(psycopg2.connect("")) as link, link.cursor() as cursor:
        link.autocommit = True
        cursor.execute("select pg_try_advisory_lock(%s)", (_LOCK,))
        if cursor.fetchone() != (True,):
            raise LoaderError("Another run of the mutants is at work on this server.")
        try:
            yield
        finally:
            cursor.execute("select datname from pg_database where datname like %s", (f"{PREFIX}%",))
            for (name,) in cursor.fetchall():
                _administer("drop database {} with (force)", name)


def _use(database: str) -> None:
    """Let dbt and the loaders use a database, in this process, from now on."""
    os.environ.update(connection.environment())
    os.environ.pop("DATABASE_URL", None)
    os.environ.update(PGDATABASE=database, PGOPTIONS=_TIMEOUT)


def _administer(statement: str, *names: str) -> None:
    """Run a statement on whole databases, which nobody is connected to then."""
    try:
        with closing(psycopg2.connect(dbname="postgres")) as link, link.cursor() as cursor:
            link.autocommit = True
            cursor.execute(_DISCONNECT, (list(names),))
            cursor.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
    except psycopg2.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise LoaderError(f"A database for the mutants cannot be made: {reason}.") from error


def _create(name: str, template: str = "template0") -> None:
    _administer("drop database if exists {} with (force)", name)
    _administer("create database {} template {}", name, template)


def build(folder: Path, *arguments: str) -> list[Any]:
    """Run ``dbt build`` in ``folder`` on the database of the environment; return its results.

    Raises LoaderError when it does not come to results, as where it cannot be compiled.
    """
    done = dbtRunner().invoke(
        [
            *("--log-level", "none", "--log-level-file", "none", "--no-use-colors"),
            *("--no-send-anonymous-usage-stats", "--no-write-json"),
            # one thread: the first test that fails is the same each time
            *("build", "--threads", "1", "--vars", _OPTIONAL, *arguments),
            *("--project-dir", str(folder), "--profiles-dir", str(folder)),
            *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
        ]
    )
    if isinstance(done.exception, KeyboardInterrupt):
        raise KeyboardInterrupt  # dbt hands it over as a result
    results = list(getattr(done.result, "results", None) or [])
    if not done.success and not any(str(r.status) in {"fail", "error"} for r in results):
        raise LoaderError(str(done.exception or "dbt failed"))
    return results


def _clean(what: str, folder: Path, *arguments: str) -> list[Any]:
    results = build(folder, *arguments)
    if (outcome := verdict(results)).status != "survived":
        raise LoaderError(
            f"The unchanged project fails in {what}: {outcome.by}. Mutants say nothing until it"
            " passes."
        )
    return results


def prepare(root: Path, work: Path) -> None:
    """Make the database that all groups start from: built once, and with loads that came since.

    Raises LoaderError when the unchanged project does not build.
    """
    shutil.copytree(root, work / "base", ignore=shutil.ignore_patterns(*_LEFT_OUT))
    _create(BASE)
    _use(BASE)
    before, after = scenario.write(work / "data", SCALE)
    for folder, mode in (*before, (work, ""), *after):
        if mode:
            land(folder, mode, say=lambda _: None, rules=Rules(allow_removals=True))
        else:
            _clean("the first build", work / "base")


def run(group: Group) -> list[tuple[str, Verdict]]:
    """Try each mutant of a group, print a line for each, and return their ids and verdicts.

    Incrementally first; what survives that, also from nothing. Raises LoaderError when the
    unchanged project fails a test where the mutants will run.
    """
    name = group.name
    project = Path(shutil.copytree(group.work / "base", group.work / name))
    _use(name)
    ways = _start(group.mutants, project, name)
    found = []
    for mutant in group.mutants:
        path = project / mutant.file
        original = path.read_text("utf-8")
        path.write_text(mutant.text(original), "utf-8")
        outcome = Verdict("survived")
        for way in ways:
            _create(name, f"{name}_start")
            try:
                outcome = verdict(build(project, "--fail-fast", *way))
            except LoaderError as error:
                outcome = Verdict("invalid", " ".join(str(error).split())[:120])
            if outcome.status != "survived":
                break
        path.write_text(original, "utf-8")
        print(f"{outcome.status:8} {mutant.id}  {outcome.by}", flush=True)
        found.append((mutant.id, outcome))
    return found


def _start(mutants: Sequence[Mutant], project: Path, name: str) -> list[list[str]]:
    """Make the database that the group's mutants start from; return dbt's options to try each with.

    All but the group's models are brought up to date: the tests compare models with each other.
    The group's own files are built as sqlglot writes them: what a mutant shows is its own change.
    """
    models = [f"{target}+" for target in mutants[0].targets]
    originals = {m.file: (project / m.file).read_text("utf-8") for m in mutants}
    for file, text in originals.items():
        templates = {m.template.start: m.template for m in mutants if m.file == file}
        for start in sorted(templates, reverse=True):
            text = spliced(text, templates[start], templates[start].tree)  # noqa: PLW2901
        (project / file).write_text(text, "utf-8")
    _create(name, BASE)
    others = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
    _clean("the models beside", project, "--exclude", *models, *others)
    _administer("alter database {} rename to {}", name, f"{name}_start")
    ways = [["--select", *models]]
    _create(name, f"{name}_start")
    results = _clean(f"the build of {', '.join(models)}", project, *ways[0])
    kinds = {str(r.node.config.materialized) for r in results if r.node.resource_type == "model"}
    if "incremental" in kinds:
        ways.append(["--select", *models, "--full-refresh"])
        _create(name, f"{name}_start")
        _clean(f"the full refresh of {', '.join(models)}", project, *ways[1])
    for file, text in originals.items():
        (project / file).write_text(text, "utf-8")
    return ways
