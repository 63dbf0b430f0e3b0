"""The guard of whole files: one that would remove much stops until somebody allows it."""

from pathlib import Path

import pytest

from conftest import Query, write_csv
from loaders.cli import main

ROWS = tuple(f"s{number},01037,x,SP" for number in range(100))
POINT = "01037,-23.5,-46.6,sao paulo,SP"


def _land(path: Path, *arguments: str) -> int:
    return main(["land", str(path), "--mode", "snapshot", *arguments])


def test_a_snapshot_that_removes_much_stops(
    tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(tmp_path / "a", "sellers", *ROWS)
    write_csv(tmp_path / "b", "sellers", *ROWS[6:], "new,1,x,SP")
    write_csv(tmp_path / "c", "sellers", *ROWS[5:], "new,1,x,SP")
    assert _land(tmp_path / "a") == 0
    capsys.readouterr()
    assert _land(tmp_path / "b") == 1
    said = capsys.readouterr().err
    assert "olist_sellers_dataset.csv: 6 of the 100 rows of raw.sellers (6.0 %) would be" in said
    assert "--allow-removals (make build: OLIST_ALLOW_REMOVALS=1).\n" in said
    live = "select count(*) from raw.sellers where _until_batch_id is null"
    assert query(live) == [(100,)]
    assert _land(tmp_path / "c") == 0  # five of a hundred is not more than 5 %
    assert query(live) == [(96,)]
    assert _land(tmp_path / "b", "--allow-removals") == 0
    assert query(live) == [(95,)]


def test_a_header_alone_is_no_snapshot_and_a_quiet_delta(
    tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(tmp_path / "a", "sellers", *ROWS)
    write_csv(tmp_path / "b", "sellers")
    assert _land(tmp_path / "b") == 0  # there is nothing yet that it could remove
    assert "olist_sellers_dataset.csv has a header and no row" in capsys.readouterr().out
    assert _land(tmp_path / "a") == 0
    assert main(["land", str(tmp_path / "b")]) == 0
    assert _land(tmp_path / "b") == 1
    assert "100 of the 100 rows of raw.sellers (100.0 %)" in capsys.readouterr().err
    assert query("select count(*) from raw.sellers where _until_batch_id is null") == [(100,)]


@pytest.mark.parametrize("mode", ["delta", "snapshot"])
def test_a_table_that_is_replaced_whole_does_not_shrink_much(
    mode: str, tmp_path: Path, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    write_csv(tmp_path / "a", "geolocation", *[POINT] * 100)
    write_csv(tmp_path / "b", "geolocation", *[POINT] * 94)
    write_csv(tmp_path / "c", "geolocation", *[POINT] * 95)
    assert _land(tmp_path / "a") == 0
    assert main(["land", str(tmp_path / "b"), "--mode", mode]) == 1
    assert "6 of the 100 rows of raw.geolocation (6.0 %)" in capsys.readouterr().err
    assert query("select count(*) from raw.geolocation") == [(100,)]
    assert main(["land", str(tmp_path / "c"), "--mode", mode]) == 0
    assert main(["land", str(tmp_path / "b"), "--mode", mode, "--allow-removals"]) == 0
