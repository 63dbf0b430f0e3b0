"""olist status and olist doctor: what they tell people, and machines."""

import json
import os
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from loaders.land.progress import Progress

from conftest import Query, write_csv
from loaders.cli import main
from loaders.doctor import Finding, credentials, machine, packages
from loaders.land import land

Captured = pytest.CaptureFixture[str]


def test_json_has_what_the_ledger_has(query: Query, tmp_path: Path, capsys: Captured) -> None:
    write_csv(tmp_path / "a", "sellers", "s1,01037,sao paulo,SP", "s2,20031,rio,RJ")
    write_csv(tmp_path / "b", "sellers", "s1,01037,santos,SP", "s3,30000,bh,MG")
    land(tmp_path / "a", say=lambda _: None)
    land(tmp_path / "b", say=lambda _: None)
    assert main(["land", str(tmp_path / "nowhere")]) == 1
    capsys.readouterr()
    assert main(["status", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["server"]["running"] is True
    assert told["server"]["database"] == os.environ["PGDATABASE"]
    failed, newest, first = told["batches"]
    assert (failed["status"], failed["error"][-23:]) == ("failed", "no such file or folder.")
    assert (newest["batch_id"], newest["rows_new"], newest["rows_changed"]) == (2, 1, 1)
    assert (first["rows_read"], first["rows_new"], first["rows_rejected"]) == (2, 2, 0)
    assert isinstance(first["seconds"], float)
    sellers = next(table for table in told["tables"] if table["table_name"] == "sellers")
    assert sellers == {"table_name": "sellers", "rows": 3, "removed": 0, "last_batch_id": 2}
    assert main(["status", "--json", "--batches", "1"]) == 0
    assert len(json.loads(capsys.readouterr().out)["batches"]) == 1


def test_json_without_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    for name in ("PGHOST", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLIST_HOME", str(tmp_path))
    assert main(["status", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["server"]["running"], told["server"]["port"], told["batches"]) == (False, None, [])


def test_doctor_finds_a_working_server(query: Query, tmp_path: Path, capsys: Captured) -> None:
    main(["doctor"])
    said = capsys.readouterr().out
    assert "ok    server: of the environment, PostgreSQL" in said
    assert "may create schemas" in said
    assert "last load: none yet" in said
    write_csv(tmp_path, "sellers", "s1,01037,sao paulo,SP,one too many")
    assert main(["land", str(tmp_path)]) == 1
    main(["doctor", "--json"])
    told = {finding["check"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert told["last load"]["verdict"] == "warn"
    assert "batch 1 failed" in told["last load"]["found"]


def test_doctor_says_what_to_do_about_a_dead_server(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv("PGHOST", "127.0.0.1")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGPASSWORD", "not-to-be-shown")
    assert main(["doctor"]) == 1
    captured = capsys.readouterr()
    assert "fail  server" in captured.out
    assert "Check PGHOST, PGPORT" in captured.out
    assert "not well: server" in captured.err
    assert "not-to-be-shown" not in captured.out + captured.err


def test_doctor_asks_the_lake_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> list[str]:
        return [found.verdict for found in credentials.findings() if "lake" in found.check]

    monkeypatch.delenv("OLIST_LAKE", raising=False)
    assert told() == []
    monkeypatch.setenv("OLIST_LAKE", str(tmp_path))
    assert told() == ["ok"]
    monkeypatch.setenv("OLIST_LAKE", "s3://no-such-bucket/lake")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "not-to-be-shown")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert told() == ["fail"]


def _one(findings: list[Finding], check: str) -> Finding:
    return next(finding for finding in findings if finding.check.startswith(check))


def test_doctor_knows_an_unfit_python_and_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    for limit in ("_ROOM", "_LITTLE"):
        monkeypatch.setattr(machine, limit, 10**18)
    found = list(machine.findings())
    assert _one(found, "python").verdict == "fail"
    assert "3.11 to 3.13" in _one(found, "python").found
    assert _one(found, "disk (server").verdict == "fail"
    assert "make room" in _one(found, "disk (server").remedy


def test_doctor_knows_a_wrong_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "loaders.doctor.packages.version",
        lambda name: "1.2.3" if name == "dbt-core" else version(name),
    )
    found = _one(list(packages.findings()), "packages")
    assert found.verdict == "fail"
    assert "dbt-core 1.2.3 is not" in found.found


def test_a_log_gets_plain_lines_of_a_large_file(
    query: Query, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("loaders.land.progress._PLAIN_EVERY", 0.0)
    write_csv(tmp_path, "sellers", *(f"s{number},01037,sao paulo,SP" for number in range(1000)))
    said: list[str] = []
    land(tmp_path, say=said.append)
    assert said[0].startswith("  sellers: 1,001 lines, ")
    assert "rows/s)" in said[-2]


def test_a_terminal_gets_a_bar_and_no_plain_lines(
    query: Query, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("loaders.land.progress._PLAIN_EVERY", 0.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    write_csv(tmp_path, "sellers", *(f"s{number},01037,sao paulo,SP" for number in range(1000)))
    said: list[str] = []
    land(tmp_path, say=said.append)
    assert len(said) == 2
    with Progress(1, said.append):
        pass
    assert "landing" in capsys.readouterr().err
