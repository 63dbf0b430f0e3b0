"""olist status and olist doctor: what they show people, and machines."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from conftest import Query, write_csv
from loaders import doctor
from loaders.cli import main
from loaders.land import land

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def without_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLIST_HOME", str(tmp_path))


def test_json_has_what_the_ledger_has(query: Query, tmp_path: Path, capsys: Captured) -> None:
    write_csv(tmp_path / "a", "sellers", "s1,01037,sao paulo,SP", "s2,20031,rio,RJ")
    write_csv(tmp_path / "b", "sellers", "s1,01037,santos,SP", "s3,30000,bh,MG")
    land(tmp_path / "a", say=lambda _: None)
    land(tmp_path / "b", say=lambda _: None)
    assert main(["land", str(tmp_path / "nowhere")]) == 1
    capsys.readouterr()
    assert main(["status", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["server"]["running"] is True
    assert shown["server"]["database"] == os.environ["PGDATABASE"]
    failed, newest, first = shown["batches"]
    assert (failed["status"], failed["error"][-23:]) == ("failed", "no such file or folder.")
    assert (newest["batch_id"], newest["rows_new"], newest["rows_changed"]) == (2, 1, 1)
    assert (first["rows_read"], first["rows_new"], first["rows_rejected"]) == (2, 2, 0)
    assert isinstance(first["seconds"], float)
    sellers = next(table for table in shown["tables"] if table["table_name"] == "sellers")
    assert sellers == {"table_name": "sellers", "rows": 3, "versions": 4, "last_batch_id": 2}
    assert main(["status", "--json", "--batches", "1"]) == 0
    assert len(json.loads(capsys.readouterr().out)["batches"]) == 1


@pytest.mark.parametrize("command", ["status", "rejects", "answers"])
def test_a_database_without_raw_has_nothing_landed_yet(
    database: dict[str, str], command: str, capsys: Captured
) -> None:
    assert main([command]) == (0 if command == "status" else 1)
    said = "".join(capsys.readouterr())
    assert "othing" in said
    assert "olist land" in said
    assert "relation" not in said


def test_json_without_a_server(without_server: None, capsys: Captured) -> None:
    assert main(["status", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["server"]["running"], shown["server"]["port"]) == (False, None)
    assert shown["batches"] == []


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks that ask another program pass at once."""
    done = SimpleNamespace(returncode=0, stdout="", stderr="")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)


def test_doctor_finds_a_working_server(query: Query, tmp_path: Path, capsys: Captured) -> None:
    write_csv(tmp_path, "sellers", "s1,01037,sao paulo,SP")
    assert main(["land", str(tmp_path)]) == 0
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    for found in (
        "packages: 'pip check' passes",
        "server: of the environment, PostgreSQL",
        "encoding: UTF8",
        "last load: batch 1 landed",
        "dbt: 'dbt debug' passes",
    ):
        assert f"ok       {found}" in said
    write_csv(tmp_path, "sellers", "s1,01037,sao paulo,SP,one too many")
    assert main(["land", str(tmp_path)]) == 1
    assert main(["doctor"]) == 1
    assert "problem  last load: batch 2 failed" in capsys.readouterr().out


def test_doctor_says_what_to_do_about_a_dead_server(
    quick: None, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGPASSWORD", "not-to-be-shown")
    assert main(["doctor"]) == 1
    captured = capsys.readouterr()
    assert "problem  server" in captured.out
    assert "Check PGHOST, PGPORT" in captured.out
    assert "not well: server" in captured.err
    assert "not-to-be-shown" not in captured.out + captured.err


def _fails(*_: object, **__: object) -> SimpleNamespace:
    return SimpleNamespace(returncode=1, stdout="dbt-core 1.12 is not <1.12\n", stderr="")


@pytest.mark.parametrize(
    ("check", "object_", "name", "value", "remedy"),
    [
        ("python", sys, "version_info", (3, 9, 1), "dbt runs on 3.11 to 3.13"),
        ("disk", doctor, "_ROOM", 10**18, "make room"),
        ("packages", subprocess, "run", _fails, "run 'make setup'"),
        ("dbt packages", doctor, "project_root", lambda: Path("/nowhere"), "run 'olist deps'"),
    ],
)
def test_doctor_says_what_to_do(  # noqa: PLR0917 - a row of the table
    quick: None,
    without_server: None,
    monkeypatch: pytest.MonkeyPatch,
    check: str,
    object_: object,
    name: str,
    value: object,
    remedy: str,
    capsys: Captured,
) -> None:
    monkeypatch.setattr(object_, name, value)
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    at = next(number for number, line in enumerate(lines) if f" {check}: " in line)
    assert lines[at].startswith("problem")
    assert remedy in lines[at + 1]
    assert any(line.startswith("problem  server: none yet") for line in lines)
