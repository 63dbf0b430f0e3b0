"""olist status and olist doctor: what they show people, and machines."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from conftest import Query, quiet, write_csv
from loaders import doctor
from loaders.cli import main
from loaders.land import land

Captured = pytest.CaptureFixture[str]


def test_what_the_ledger_has(query: Query, tmp_path: Path, capsys: Captured) -> None:
    write_csv(tmp_path / "a", "sellers", "s1,01037,sao paulo,SP", "s2,20031,rio,RJ")
    write_csv(tmp_path / "b", "sellers", "s1,01037,santos,SP", "s3,30000,bh,MG")
    land(tmp_path / "a", "snapshot", say=quiet)
    land(tmp_path / "b", say=quiet)
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
    assert main(["status"]) == 0
    said = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "delta landed" in said[2]
    assert said[3].endswith(
        f"snapshot landed {tmp_path}/a: 2 rows read: 2 new, 0 changed, 0 removed"
    )
    assert "raw.sellers 3 rows, 4 versions, last batch 2" in said


def test_a_first_load_that_failed(
    database: dict[str, str], tmp_path: Path, capsys: Captured
) -> None:
    """It is all that status has to show; what was to be landed is named, too."""
    write_csv(tmp_path, "sellers", "s1,01037,sao paulo,SP,one too many")
    assert main(["land", str(tmp_path)]) == 1
    capsys.readouterr()
    sentence = f"{tmp_path}: olist_sellers_dataset.csv, line 2: 5 fields instead of 4;"
    for command in ("status", "doctor"):
        assert main([command]) == 0
        said = capsys.readouterr().out
        assert sentence in said
        assert command == "doctor" or "nothing has been built in this target" in said


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


def test_doctor_finds_a_working_server(query: Query, tmp_path: Path, capsys: Captured) -> None:
    write_csv(tmp_path, "sellers", "s1,01037,sao paulo,SP")
    assert main(["land", str(tmp_path)]) == 0
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    for found in (
        "packages: 'pip check' passes",
        "server: of the environment, PostgreSQL",
        "last load: batch 1 landed",
        "dbt: 'dbt debug' passes",
    ):
        assert f"ok       {found}" in said
    write_csv(tmp_path, "sellers", "s1,01037,sao paulo,SP,one too many")
    assert main(["land", str(tmp_path)]) == 1
    assert main(["doctor"]) == 0  # or an orchestrator that asks it first would never land again
    assert "note     last load: batch 2 failed" in capsys.readouterr().out


@pytest.fixture
def nobody(query: Query, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Variables of a user who may not read what has landed."""
    land(write_csv(tmp_path, "sellers", "s1,01037,sao paulo,SP"), say=quiet)
    name = f"nobody_of_{os.environ['PGDATABASE']}"
    query(f"create role {name} login password 'nobody'")
    yield {"PGUSER": name, "PGPASSWORD": "nobody"}
    query(f"drop role {name}")


def test_who_may_not_read_raw_is_named(
    nobody: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    with monkeypatch.context() as patch:
        for name, value in nobody.items():
            patch.setenv(name, value)
        sentence = f"user {nobody['PGUSER']} may not do that (permission denied for schema raw): "
        for command in ("status", "rejects"):
            assert main([command]) == 1
            said = capsys.readouterr().err
            assert said.startswith(f"olist: {sentence}start a new shell, or unset PGHOST")
            assert said.count("\n") == 1
        assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert f"problem  last load: it cannot be read\n         → {sentence}" in said
    assert "ok       dbt: 'dbt debug' passes" in said


def _result(code: int) -> Callable[..., SimpleNamespace]:
    done = SimpleNamespace(returncode=code, stdout="dbt-core 1.12 is not <1.12\n", stderr="")
    return lambda *_, **__: done


def test_doctor_says_what_to_do(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(subprocess, "run", _result(1))
    monkeypatch.setattr(doctor, "_ROOM", 10**18)
    for name, value in (("HOST", "127.0.0.1"), ("PORT", "1"), ("PASSWORD", "not-to-be-shown")):
        monkeypatch.setenv(f"PG{name}", value)
    assert main(["doctor"]) == 1
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    for check, remedy in (
        ("packages: dbt-core 1.12 is not <1.12", "run 'make setup'"),
        ("disk: ", "a build of the real data needs about"),
        ("server: it cannot be used", "Check PGHOST, PGPORT"),
    ):
        at = next(n for n, line in enumerate(lines) if line.startswith(f"problem  {check}"))
        assert remedy in lines[at + 1]
    assert "problems with packages, disk, server" in captured.err
    assert "not-to-be-shown" not in captured.out + captured.err


def test_doctor_without_a_server(
    without_server: None, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(subprocess, "run", _result(0))
    assert main(["doctor"]) == 1
    assert "There is no server yet: run 'olist up'" in capsys.readouterr().out
