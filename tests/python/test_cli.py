"""The olist command: what it prints, and how it ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import Query, write_csv
from loaders.cli import main
from loaders.paths import project_root


def test_without_a_command_it_shows_how(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "usage: olist" in capsys.readouterr().err


def test_env_is_for_eval(database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPASSWORD", "it's $HOME")
    script = 'eval "$("$0" -m loaders env)"; printf "%s|" "$PGHOST" "$PGPASSWORD" "$PGDATABASE"'
    printed = subprocess.run(
        ["/bin/sh", "-c", script, sys.executable],
        cwd=project_root(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed == f"{database['PGHOST']}|it's $HOME|{database['PGDATABASE']}|"


def test_an_error_is_one_sentence_and_status_1(
    database: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["land", str(tmp_path / "nowhere")]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"olist: {tmp_path}/nowhere: no such file or folder.\n"


def test_land_and_status(query: Query, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    assert "nothing landed yet" in capsys.readouterr().out
    write_csv(tmp_path, "sellers", "s1,01037,sao paulo,SP")
    (tmp_path / "notes.csv").write_text("a\n")
    assert main(["land", str(tmp_path), "--table", "sellers", "--mode", "snapshot"]) == 0
    said = capsys.readouterr().out
    assert "notes.csv: left out, no raw table takes it" in said
    assert "sellers: 1 rows read: 1 new, 0 changed, 0 removed" in said
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert "snapshot  landed" in said
    assert [line.split() for line in said.splitlines() if line.startswith("raw.sellers")] == [
        ["raw.sellers", "1", "0", "1"]
    ]


def test_psql_gets_its_own_arguments(database: dict[str, str]) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "loaders", "psql", "-XAtc", "select current_database()"],
        cwd=project_root(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.strip() == database["PGDATABASE"]


def test_down_leaves_a_named_server_alone(
    database: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["down"]) == 1
    assert "a server of your own" in capsys.readouterr().err


def test_without_any_server_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("PGHOST", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLIST_HOME", str(tmp_path))
    assert main(["env"]) == 1
    assert "run 'olist up'" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error(database: dict[str, str]) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", '"$0" -m loaders status | true', sys.executable],
        cwd=project_root(),
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert done.stderr == ""
