"""The keys of schema marts are constraints of the database, after any build."""

from pathlib import Path

import pytest
import yaml

from conftest import write_csv
from loaders.paths import project_root
from loaders.sample import generate
from warehouse import MARTS, STAR, Warehouse

KEYS = (
    "select conname, contype::text, convalidated from pg_constraint"
    " where connamespace = 'marts'::regnamespace and contype in ('p', 'f')"
)


@pytest.fixture(scope="module")
def built(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("sample")
    generate(folder, 0.005)
    warehouse.land(folder)
    warehouse.dbt("build", *STAR)
    return warehouse


def expected() -> set[tuple[str, str, bool]]:
    """A primary key a mart, a foreign key for each of its keys that is another mart's."""
    keys = {(f"{mart}_pkey", "p", True) for mart in MARTS}
    for path in (project_root() / "models" / "marts").glob("*.yml"):
        (model,) = yaml.safe_load(path.read_text("utf-8")).get("models") or [{}]
        for column in model.get("columns", []):
            tests = column.get("data_tests", [])
            foreign = column["name"].endswith("_key") and "unique" not in tests
            if foreign and not model["name"].endswith("_history"):
                keys.add((f"{model['name']}_{column['name']}_fkey", "f", True))
    return keys


def test_all_of_them_are_there(built: Warehouse) -> None:
    assert set(built.query(KEYS)) == expected()


@pytest.mark.parametrize("command", [("run",), ("run", "--full-refresh"), ("build",)])
def test_they_survive(built: Warehouse, command: tuple[str, ...]) -> None:
    built.dbt(*command)
    assert set(built.query(KEYS)) == expected()


def test_a_fact_without_its_dimension_has_a_key_that_is_not_valid(
    built: Warehouse, tmp_path: Path
) -> None:
    ((order_id,),) = built.query("select min(order_id) from raw.orders")
    write_csv(tmp_path, "order_payments", f"{order_id},99,barter,1,5.00")
    built.land(tmp_path)
    built.dbt("run", "--select", "fct_payments")
    broken = {name for name, _, valid in built.query(KEYS) if not valid}
    assert broken == {"fct_payments_payment_type_key_fkey"}
    built.dbt("run", "--select", "dim_payment_types")
    assert set(built.query(KEYS)) == expected()
