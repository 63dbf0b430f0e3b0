"""The olist command: what it prints, and how it ends."""

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg2
import pytest

from loaders import dbt, status
from loaders.cli import main, olist
from loaders.connection import external, parse_url
from loaders.paths import project_root

Captured = pytest.CaptureFixture[str]


def shell(script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in which ``$0`` is Python."""
    return subprocess.run(
        ["/bin/sh", "-c", script, sys.executable],
        cwd=project_root(),
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.parametrize("command", ["", *olist.commands])
def test_help(command: str, capsys: Captured) -> None:
    assert main([*command.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: olist {command}".rstrip())
    if command in {"", "land"}:
        assert "\n  Examples:\n    olist " in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Usage: olist"),
        (["lnad"], "No such command 'lnad'"),
        (["land"], "Missing argument 'LOCATION'"),
        (["land", "x", "--mode", "upsert"], "'upsert' is not one of 'delta', 'snapshot'"),
        (["land", "x", "--table", "order"], "no raw table 'order'; there are customers, "),
        (["land", "x", "postgresql://u:secret@h/x"], "argument (postgresql://u:***@h/x)"),
        (["replay"], "Missing argument 'LAKE'"),
    ],
)
def test_wrong_usage_is_shown_and_status_2(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.delenv("OLIST_LAKE", raising=False)
    assert main(arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["env"], ["psql"], ["rejects"], ["answers"]])
def test_without_any_server_it_says_what_to_do(
    without_server: None, arguments: list[str], capsys: Captured
) -> None:
    assert main(arguments) == 1
    assert "run 'olist up'" in capsys.readouterr().err


def test_dbt_without_any_server_says_what_to_do(without_server: None) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "loaders.dbt", "build"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("dbt: There is no server yet: run 'olist up'")
    assert not done.stdout


@pytest.mark.parametrize("form", ["--dotenv", "--url"])
def test_env_for_tools_that_run_dbt_themselves(
    form: str,
    database: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    monkeypatch.setenv("PGPASSWORD", "50% of a/b@c:d")
    monkeypatch.setenv("PGOPTIONS", "-c search_path=a,b")
    assert main(["env", form]) == 0
    said = capsys.readouterr().out
    lines = dict(word.split("=", 1) for word in shlex.split(said))
    assert (parse_url(said.strip()) if form == "--url" else lines) == external()


def test_env_is_for_eval(database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "it's $HOME")
    script = 'eval "$("$0" -m loaders env)"; printf "%s|" "$PGHOST" "$PGPASSWORD" "$PGDATABASE"'
    assert shell(script).stdout == f"{database['PGHOST']}|it's $HOME|{database['PGDATABASE']}|"


def test_psql_gets_its_own_arguments(database: dict[str, str]) -> None:
    printed = shell('"$0" -m loaders psql -XAtc "select current_database()"').stdout
    assert printed.strip() == database["PGDATABASE"]


def test_down_leaves_a_named_server_alone(database: dict[str, str], capsys: Captured) -> None:
    assert main(["down"]) == 1
    assert "a server of your own" in capsys.readouterr().err


def _raises(error: BaseException) -> Callable[..., None]:
    def run(*_: object) -> None:
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (psycopg2.OperationalError("the server\nwent away"), 1, "PostgreSQL stopped the command"),
        (KeyboardInterrupt(), 130, "interrupted; unfinished work was rolled back"),
    ],
)
def test_an_error_is_one_sentence(
    error: BaseException,
    code: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    monkeypatch.setattr(status, "status", _raises(error))
    assert main(["status"]) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"olist: {message}")
    assert said.err.count("\n") == 1


def test_an_error_of_a_loader_is_one_sentence_and_status_1(
    database: dict[str, str], tmp_path: Path, capsys: Captured
) -> None:
    assert main(["land", str(tmp_path / "nowhere")]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"olist: {tmp_path}/nowhere: no such file or folder.\n"


def test_a_reader_that_goes_away_is_no_error(database: dict[str, str]) -> None:
    assert shell('"$0" -m loaders status | true').stderr == ""
    assert shell('"$0" -m loaders.dbt ls | true').stderr == ""


def test_env_is_instant(database: dict[str, str]) -> None:
    """It imports neither dbt nor pandas, nor the tables: a shell waits for it at each start."""
    code = "import sys; from loaders.cli import main; main(['env']); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
    )
    imported = done.stdout.splitlines()[-1].split()
    assert not {"dbt", "pandas", "numpy", "yaml", "loaders.tables"} & set(imported)


def test_what_make_build_installs_is_enough_for_all_that_names_no_extra() -> None:
    code = """
import importlib, pkgutil, re, sys
from importlib.metadata import packages_distributions
from pathlib import Path
import loaders
from loaders.errors import sentence_of
locked = set(re.findall(r"^([\\w.-]+)==", Path("requirements.lock").read_text(), re.M))
for module, packages in packages_distributions().items():
    names = {re.sub(r"[-_.]+", "-", name).lower() for name in packages}
    if module not in sys.modules and not names & locked:
        sys.modules[module] = None
for module in pkgutil.walk_packages(loaders.__path__, "loaders."):
    try:
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        print(module.name, sentence_of(error).rpartition(" ")[2])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    needs: dict[str, set[str]] = {}
    for line in done.stdout.splitlines():
        module, extra = line.removeprefix("loaders.").split(" ")
        needs.setdefault(extra, set()).add(module)
    assert needs == {
        "'.[lake]'.": {"lake.archive", "lake.manifest", "lake.replay", "objects", "sources.s3"},
        "'.[databases]'.": {"sources.database", "sources.dialects"},
        "stream.": {"sample.stream", "sources.kafka", "stream"},
    }


def test_a_metric_that_was_deleted_is_not_kept_by_partial_parsing(tmp_path: Path) -> None:
    state = tmp_path / "partial_parse.msgpack"
    state.touch()
    dbt._forget_deleted_metrics(tmp_path)
    assert state.exists()  # nothing has changed since
    os.utime(state, (0, 0))
    dbt._forget_deleted_metrics(tmp_path)
    assert not state.exists()
    dbt._forget_deleted_metrics(tmp_path)
