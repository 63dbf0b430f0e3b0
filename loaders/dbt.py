"""The ``dbt`` of this project's environment: dbt itself, with the embedded server's variables set.

``profiles.yml`` reads the PG* variables. With none set, dbt would have no way to learn the port and
password of the embedded server, so this entry point sets them first (docs/decisions/0003); where
the server has the roles, dbt is the transformer. Another engine (``--target``, docs/engines.md)
needs no server.
"""

import gc
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

from loaders.errors import LoaderError, redact
from loaders.paths import project_root

POSTGRES = "postgres"
ENGINES = ("duckdb", "snowflake", "spark")  # targets that are not PostgreSQL
WITH_EXTERNAL = ("--vars", "with_external: true")
_WITHOUT_DATABASE = {
    *("clean", "deps", "init", "ls", "list", "parse", "serve", "--help", "-h", "--version"),
}
_PARSING = Lock()  # threads of a server would parse into one folder


def target_of(arguments: Sequence[str] = ()) -> str:
    """The target that a dbt command line names, else ``OLIST_TARGET``, else PostgreSQL's."""
    found = os.environ.get("OLIST_TARGET") or POSTGRES
    for position, argument in enumerate(arguments):
        if argument in {"--target", "-t"}:
            found = (*arguments[position + 1 :], found)[0]
        elif argument.startswith("--target="):
            found = argument.removeprefix("--target=")
    return found


def schema_of(layer: str) -> str:
    """The schema that the target in use builds ``reports`` or another layer in, on PostgreSQL."""
    if target_of() == POSTGRES:
        return layer
    default = f"dev_{os.environ.get('USER', 'me')}"  # as in profiles.yml
    return f"{os.environ.get('OLIST_DEV_SCHEMA', default)}_{layer}"


def main() -> None:
    """Run dbt on the warehouse in use, and tell OLIST_NOTIFY how that ended."""
    arguments, started = sys.argv[1:], time.time()
    try:
        _hand_over(arguments)
    except (SystemExit, KeyboardInterrupt) as ended:  # the latter where dbt does not catch it
        status = ended.code if isinstance(ended, SystemExit) else 130
        _send_alerts(arguments, status, started)
        raise SystemExit(status) from None


def _send_alerts(arguments: Sequence[str], status: object, since: float) -> None:
    if os.environ.get("OLIST_NOTIFY"):
        from loaders import alerts

        alerts.dbt_ended(arguments, status, since)


def _hand_over(arguments: Sequence[str]) -> None:
    """Set the variables of the warehouse in use, where there is one, and hand over to dbt."""
    connects = bool(arguments) and _WITHOUT_DATABASE.isdisjoint(arguments)
    try:
        found = variables(arguments)
        if connects and target_of(arguments) not in ENGINES:
            from loaders import connection

            with connection.connect():  # one sentence where dbt has a traceback
                pass
    except LoaderError as error:
        print(f"dbt: {redact(str(error))}", file=sys.stderr)
        raise SystemExit(1) from None
    os.environ.update(found or {})
    if key := os.environ.get("OLIST_PII_KEY"):  # of the macro masked; in no SQL, log or file
        option = "-c olist.pii_key=" + re.sub(r"([\\\s])", r"\\\1", key)
        os.environ["PGOPTIONS"] = f"{os.environ.get('PGOPTIONS', '')} {option}".strip()
    if not sys.stdout.isatty():
        os.environ.setdefault("DBT_USE_COLORS", "false")
        if not {"ls", "list", "show"}.isdisjoint(arguments):  # `| head` ends them, and no build
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    _forget_deleted_metrics(project_root() / "target")
    gc.set_threshold(100_000, 20, 100)  # dbt keeps most of what it makes: a tenth of its time else
    # after the variables: dbt copies the environment when it starts
    from dbt.cli.main import cli

    if arguments[:1] == ["--serve"]:
        _serve(arguments[1:])
    else:
        cli(prog_name="dbt")


def _forget_deleted_metrics(folder: Path) -> None:
    """Let dbt parse all anew where a file of metrics is newer than its last parse.

    dbt 1.11 keeps a metric that was deleted, and then misses its measure. ``folder`` is a target
    folder, and has others in it: the stream's, the metrics', the documentation's.
    """
    files = project_root().glob("models/**/semantic/**/*")
    newest = max(file.stat().st_mtime for file in files)
    for above in ("", "*/", "*/*/"):
        for state in folder.glob(f"{above}partial_parse.msgpack"):
            with suppress(FileNotFoundError):  # of another dbt that was as fast
                if state.stat().st_mtime < newest:
                    state.unlink()


def _serve(options: Sequence[str]) -> None:
    """Build for each line of stdin, and say in a line what came of it: ``olist stream --build``.

    The project is read once, which takes longer than most builds of what has changed. SIGINT
    cancels a build, and ends it all without a line: who sends it says so.
    """
    from dbt.cli.main import dbtRunner

    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what dbt prints
    os.nice(5)  # landing goes first
    shared = ("--target-path", "target/stream", "--log-level-file", "none", *options)

    def stop(*_: object) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for output in (1, 2):  # dbt would show each query that it cancels, and a traceback
            os.dup2(nowhere, output)
        raise KeyboardInterrupt

    def dbt(*command: str) -> Any:
        done = dbtRunner(manifest).invoke(["--quiet", "--no-use-colors", *command, *shared])
        if isinstance(done.exception, KeyboardInterrupt):  # it is caught there, and told so
            raise done.exception
        return done

    signal.signal(signal.SIGINT, stop)
    manifest: Any = None
    for _ in sys.stdin:
        started = time.time()
        if manifest is None:
            manifest = dbt("parse").result
            dbt("seed")
        build = ("build", "--selector", "frequent")
        done = dbt(*build)
        _send_alerts((*build, *shared), 0 if done.success else 1, started)
        counts = Counter(str(result.status) for result in getattr(done.result, "results", ()))
        came = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        seconds = time.time() - started
        how = "built" if counts else "not built"
        reason = " ".join(str(done.exception).split())
        gc.collect()  # of a process that stays
        print(f"{how} in {seconds:.1f} s: {came or reason}", file=answers)


@contextmanager
def environment_for_dbt(**more: str) -> Iterator[None]:
    """Set the variables by which a dbt in this process finds the project and the warehouse in use.

    Raises LoaderError when there is no server, or it does not answer.
    """
    before = dict(os.environ)
    for name in ("DBT_PROJECT_DIR", "DBT_PROFILES_DIR"):
        os.environ.setdefault(name, str(project_root()))
    if (target := target_of()) in ENGINES:
        from loaders import engines

        os.environ.update(engines.prepare(target, ["show"]))
    else:
        from loaders import connection

        with connection.connect():  # one sentence where dbt has a traceback
            os.environ.update(connection.environment())
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def project_variable(name: str) -> str:
    """A variable of the dbt project, as ``dbt_project.yml`` sets it."""
    import yaml

    project = yaml.safe_load((project_root() / "dbt_project.yml").read_text("utf-8"))
    return str(project["vars"][name])


def parsed(file: str = "semantic_manifest.json") -> str:
    """A file that dbt makes of the project for the target in use; it parses what has changed.

    Raises LoaderError when it cannot, or the target is not PostgreSQL's.
    """
    if (target := target_of()) in ENGINES:
        raise LoaderError(f"metrics are computed on PostgreSQL, and OLIST_TARGET is {target}.")
    root = project_root()
    with_external = _has_external()
    made = root / "target" / "metrics" / (f"{target}_external" if with_external else target) / file
    folders = (root / "models", root / "analyses")
    with _PARSING:
        read = [root / "dbt_project.yml", root / "profiles.yml", *folders]  # of what is deleted too
        read += (path for folder in folders for path in folder.rglob("*"))
        if not made.exists() or made.stat().st_mtime < max(path.stat().st_mtime for path in read):
            _parse(made.parent, WITH_EXTERNAL if with_external else ())
        return made.read_text("utf-8")


def _has_external() -> bool:
    """Whether the warehouse in use, if it answers, has what the optional metrics are made from."""
    import psycopg2

    from loaders import connection, roles

    with (
        suppress(LoaderError, psycopg2.Error),
        roles.as_role(roles.READER),
        connection.connect() as link,
        link.cursor() as cursor,
    ):
        cursor.execute("select to_regclass(%s)", (f"{schema_of('reports')}.rpt_order_lines_usd",))
        return cursor.fetchone() != (None,)
    return False


def _parse(folder: Path, switches: Sequence[str]) -> None:
    print("dbt parses the project, once after each change …", file=sys.stderr)
    _forget_deleted_metrics(folder)
    options = ("--quiet", "--no-use-colors", "--log-level-file", "none")
    arguments = (*options, "parse", "--target-path", str(folder))
    root = str(project_root())
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", *arguments, *switches],
        env={**os.environ, "DBT_PROJECT_DIR": root, "DBT_PROFILES_DIR": root},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise LoaderError(f"dbt cannot parse the project: {' '.join(done.stdout.split())}")


def variables(arguments: Sequence[str]) -> Mapping[str, str] | None:
    """The variables by which dbt reaches the warehouse in use, where there is one."""
    if (target := target_of(arguments)) in ENGINES:
        from loaders import engines  # PostgreSQL's dbt does not wait for it

        return engines.prepare(target, arguments)
    from loaders import connection, roles  # nor another engine's for these

    connection.report_other_folder()
    return connection.external() or roles.for_dbt(target)


if __name__ == "__main__":
    main()
