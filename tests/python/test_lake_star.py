"""The star before its raw was lost, and after its replay."""

from pathlib import Path

import pytest

from conftest import quiet
from lakes import Lake
from loaders.land import Rules, land
from loaders.sample import generate
from warehouse import STAR, Warehouse


def test_the_star_of_a_replayed_raw_is_the_same(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in (1, 2):
        generate(tmp_path / str(seed), 0.002, seed)
        warehouse.land(tmp_path / str(seed))
    generate(tmp_path / "3", 0.002, 2)
    (tmp_path / "3" / "olist_geolocation_dataset.csv").unlink()
    for name, value in warehouse.variables.items():
        monkeypatch.setenv(name, value)
    land(tmp_path / "3", "snapshot", say=quiet, rules=Rules(allow_removals=True))
    lake = Lake(str(tmp_path / "lake"))
    lake.archive()
    warehouse.dbt("build", *STAR)
    marts = warehouse.marts()
    assert all(marts.values())
    warehouse.query("drop schema raw cascade", fetch=False)
    lake.replay(1)
    warehouse.dbt("build", *STAR)  # as it was then
    assert warehouse.marts() != marts
    lake.replay()
    warehouse.dbt("build", *STAR)
    assert warehouse.marts() == marts
    warehouse.dbt("build", "--full-refresh", *STAR)
    assert warehouse.marts() == marts
