"""Each experiment runs, tells figures and leaves nothing behind."""

from pathlib import Path

import psycopg2
import pytest

from benchmarks.experiments import trial
from benchmarks.experiments.__main__ import ALL
from loaders.sample import generate
from warehouse import STAR, Warehouse


@pytest.fixture(scope="module")
def built(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("sample")
    generate(folder, 0.002)
    warehouse.land(Path(folder))
    warehouse.dbt("build", *STAR)
    return warehouse


@pytest.mark.parametrize("name", ALL)
def test_an_experiment_tells_what_each_variant_took(built: Warehouse, name: str) -> None:
    link = psycopg2.connect(
        host=built.variables["PGHOST"],
        port=built.variables["PGPORT"],
        user=built.variables["PGUSER"],
        password=built.variables.get("PGPASSWORD"),
        dbname=built.variables["PGDATABASE"],
    )
    figures = trial.measure(link, ALL[name], 1)
    link.close()
    assert [one.variant for one in figures] == [one.name for one in ALL[name].variants]
    assert all(one.wall > 0 for one in figures)
    assert built.query("select count(*) from pg_namespace where nspname like 'trial%'") == [(0,)]
    lines = trial.table(ALL[name], figures).splitlines()
    assert len(lines) == len(figures) + 4
    assert all(variant.name in lines[4 + n] for n, variant in enumerate(ALL[name].variants))
