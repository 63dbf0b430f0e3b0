"""``make build``: the data it takes, what it lands and gives to dbt, which is left out here."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from conftest import Query, write_csv
from inbox import open_inbox
from loaders import build, download, packages
from loaders.cli import main
from loaders.land import land
from loaders.paths import sample_folder
from loaders.sample import generate

Captured = pytest.CaptureFixture[str]
MARTS = """
create schema if not exists marts;
create table if not exists marts.fct_orders as
    select 1 as items_value, 2 as freight_value, 3 as payments_value
"""


class Dbt:
    """Stands for dbt build: notes what it is given, and makes what the summary reads."""

    def __init__(self, query: Query) -> None:
        self.query = query
        self.calls: list[tuple[Mapping[str, str], Sequence[str]]] = []

    def __call__(
        self, variables: Mapping[str, str], switches: Sequence[str] = ()
    ) -> dict[str, int]:
        self.calls.append((variables, switches))
        self.query(MARTS)
        return {"pass": 7, "warn": 1}


@pytest.fixture
def dbt(query: Query, monkeypatch: pytest.MonkeyPatch) -> Dbt:
    stand_in = Dbt(query)
    monkeypatch.setattr(build, "_dbt_build", stand_in)
    monkeypatch.setattr(packages, "install", lambda **_: None)
    monkeypatch.setattr(download, "has_credentials", lambda: False)
    for name in ("OLIST_DATA", "OLIST_ALLOW_REMOVALS", "OLIST_LAKE", "OLIST_TARGET"):
        monkeypatch.delenv(name, raising=False)
    return stand_in


@pytest.fixture
def sample(dbt: Dbt) -> Path:
    """The synthetic files of a build, small ones."""
    folder = sample_folder()
    generate(folder, 0.001)
    (folder / ".complete").touch()
    return folder


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    generate(folder, 0.001, seed=5, with_operations=True)
    return folder


def sources(query: Query) -> list[str]:
    found = query("select source from raw._batches where status = 'landed' order by batch_id")
    return [Path(source).name for (source,) in found]


def test_the_sample_gives_way_to_data_that_are_named(  # noqa: PLR0917 - fixtures
    dbt: Dbt,
    sample: Path,
    export: Path,
    query: Query,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    assert main(["build"]) == 0
    assert main(["build"]) == 0  # nothing new
    assert sources(query) == ["sample"]
    monkeypatch.setenv("OLIST_DATA", str(export))
    assert main(["build"]) == 0  # and the sample is no part of its history
    assert sources(query) == [export.name]
    assert query("select count(*) > 0, min(_batch_id) = max(_batch_id) from raw.orders") == [
        (True, True)
    ]
    on = ("--vars", '{"with_operations": true}')
    assert [switches for _, switches in dbt.calls] == [(), (), on]
    monkeypatch.delenv("OLIST_DATA")
    assert main(["build"]) == 0  # on what is landed, not on the sample
    assert f"Data: what has landed already, last from {export} (" in capsys.readouterr().out
    assert sources(query) == [export.name]


def test_the_summary(dbt: Dbt, sample: Path, capsys: Captured) -> None:
    assert main(["build"]) == 0
    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if line.startswith("==")] == [
        *("== server", "== data", "== land", "== dbt build", "== summary")
    ]
    for part in (
        "marts.fct_orders",
        "1 rows",
        "freight                  R$           2.00",
        "7 passed, 1 warned",
    ):
        assert part in said


def test_kaggle_comes_before_the_sample(
    dbt: Dbt, export: Path, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "has_credentials", lambda: True)
    monkeypatch.setattr(download, "download", lambda _: export)
    assert main(["build"]) == 0
    assert sources(query) == [export.name]


def test_what_is_no_whole_export_is_a_failed_load(
    dbt: Dbt, query: Query, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    part = tmp_path / "part"
    write_csv(part, "sellers", "s1,01037,sao paulo,SP")
    with open_inbox() as inbox:
        monkeypatch.setenv("OLIST_NOTIFY", inbox.address)
        monkeypatch.chdir(tmp_path)
        for named in (str(part), "nowhere"):
            monkeypatch.setenv("OLIST_DATA", named)
            assert main(["build"]) == 1
        assert inbox.titles == [f"load of {part} failed", "load of nowhere failed"]
    said = capsys.readouterr().err
    assert f"{part}: lacks olist_customers_dataset.csv, olist_geolocation_dataset.csv, " in said
    assert "inventory" not in said
    assert query("select source, status from raw._batches order by batch_id") == [
        (str(part), "failed"),
        (str(tmp_path / "nowhere"), "failed"),
    ]
    assert query("select to_regclass('raw.sellers')") == [(None,)]
    assert not dbt.calls


@pytest.mark.parametrize(("allow", "status"), [("", 1), ("1", 0)])
def test_data_of_others_are_not_removed_unless_allowed(  # noqa: PLR0917 - fixtures
    dbt: Dbt,
    export: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    allow: str,
    status: int,
) -> None:
    write_csv(tmp_path / "own", "sellers", *(f"s{n},01037,sao paulo,SP" for n in range(50)))
    land(tmp_path / "own", say=lambda _: None)
    monkeypatch.setenv("OLIST_DATA", str(export))
    monkeypatch.setenv("OLIST_ALLOW_REMOVALS", allow)
    assert main(["build"]) == status
    assert len(dbt.calls) == 1 - status


def test_another_engine_needs_no_server(
    dbt: Dbt, sample: Path, query: Query, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLIST_TARGET", "duckdb")
    monkeypatch.setenv("OLIST_DUCKDB", str(tmp_path / "mine.duckdb"))
    assert main(["build"]) == 0
    assert [variables["OLIST_DATA"] for variables, _ in dbt.calls] == [str(sample)]
    assert query("select to_regclass('raw._batches')") == [(None,)]


def test_another_engine_keeps_what_it_has(
    dbt: Dbt, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.setenv("OLIST_TARGET", "duckdb")
    monkeypatch.setenv("OLIST_DUCKDB", str(tmp_path / "mine.duckdb"))
    for statement in ("select 1", "create schema raw", "select 1"):
        assert main(["build"]) == 0
        duckdb.connect(str(tmp_path / "mine.duckdb")).execute(statement).close()
    read = [variables["OLIST_DATA"] for variables, _ in dbt.calls]
    assert read == [str(sample), str(sample), ""]  # an empty file has none


def test_the_sample_does_not_land_beside_other_data(
    sample: Path, export: Path, query: Query, capsys: Captured
) -> None:
    land(export, say=lambda _: None)
    assert main(["land", str(sample)]) == 1
    assert (
        "has the synthetic files of make build, and raw has other data" in capsys.readouterr().err
    )
    assert sources(query) == [export.name]
