"""The guard of whole files: one that would remove much stops until somebody allows it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Query, write_csv
from loaders.cli import main
from loaders.tables import BY_NAME

SELLERS = tuple(f"s{number},01037,x,SP" for number in range(100))
POINTS = ("01037,-23.5,-46.6,sao paulo,SP",) * 100
Land = Callable[..., tuple[int, str]]


@pytest.fixture
def land(tmp_path: Path, database: object, capsys: pytest.CaptureFixture[str]) -> Land:
    """Land rows of a table; return the exit status and what is said."""

    def run(table: str, *rows: str, mode: str = "snapshot", allow: bool = False) -> tuple[int, str]:
        path = write_csv(tmp_path, table, *rows)
        allowed = ["--allow-removals"] if allow else []
        status = main(["land", str(path), "--mode", mode, *allowed])
        return status, "".join(capsys.readouterr())

    return run


@pytest.mark.parametrize(
    ("table", "mode"),
    [
        ("sellers", "snapshot"),
        ("geolocation", "snapshot"),
        ("geolocation", "delta"),  # has no key, and is replaced whole
    ],
)
def test_a_file_that_removes_more_than_a_twentieth_stops(
    land: Land, query: Query, table: str, mode: str
) -> None:
    rows, new = (SELLERS, ["new,1,x,SP"]) if table == "sellers" else (POINTS, [])
    assert land(table, *rows, mode=mode)[0] == 0
    status, said = land(table, *rows[6:], *new, mode=mode)
    assert status == 1
    file = BY_NAME[table].file
    assert f"{file}: 6 of the 100 rows of raw.{table} (6.0 %) would be removed, as {file}" in said
    assert "land it with --allow-removals (make update: LAND_FLAGS=--allow-removals; " in said
    assert "; make build: OLIST_ALLOW_REMOVALS=1).\n" in said
    live = f"select count(*) from raw.{table} where _until_batch_id is null"
    assert query(live) == [(100,)]
    assert land(table, *rows[5:], *new, mode=mode)[0] == 0
    assert query(live) == [(95 + len(new),)]
    assert land(table, *rows[50:], mode=mode, allow=True)[0] == 0
    assert query(live) == [(50,)]


def test_a_header_alone_is_no_snapshot_and_a_quiet_delta(land: Land, query: Query) -> None:
    status, said = land("sellers")  # there is nothing yet that it could remove
    assert (status, "olist_sellers_dataset.csv has a header and no row" in said) == (0, True)
    assert land("sellers", *SELLERS)[0] == 0
    assert land("sellers", mode="delta")[0] == 0
    status, said = land("sellers")
    assert (status, "100 of the 100 rows of raw.sellers (100.0 %)" in said) == (1, True)
    assert query("select count(*) from raw.sellers where _until_batch_id is null") == [(100,)]
