"""The star before its raw was lost, and after its replay."""

from pathlib import Path

import pytest

from conftest import quiet
from lakes import Lake
from loaders.cli import main
from loaders.land import Rules, land
from loaders.sample import generate
from warehouse import STAR, Warehouse


def test_the_star_of_a_replayed_raw_is_the_same(
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
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
    warehouse.dbt("run", "--select", "rpt_test_results", "rpt_freshness")
    assert main(["status"]) == 0
    assert "Last dbt build: " in capsys.readouterr().out
    warehouse.query("drop schema raw cascade", fetch=False)
    lake.replay(1)
    assert warehouse.marts() == marts  # tables stay; the views on raw are gone until a build
    assert main(["status"]) == 0
    assert capsys.readouterr().out.endswith(
        "reports.rpt_freshness is not there, or not for this user: nothing has been built in this"
        " target, only a part of it, or raw was dropped since; run 'dbt build'.\n"
    )
    warehouse.dbt("build", *STAR)  # as it was then
    assert warehouse.marts() != marts
    lake.replay()
    warehouse.dbt("build", *STAR)
    assert warehouse.marts() == marts
    warehouse.dbt("build", "--full-refresh", *STAR)
    assert warehouse.marts() == marts
