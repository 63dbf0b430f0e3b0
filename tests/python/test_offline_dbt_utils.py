"""offline/dbt_utils gives the results of the real dbt_utils, where that is at hand to compare.

The real one is taken from DBT_UTILS_PATH, else from dbt_packages (where the hub was reached).
"""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner

from conftest import Query
from loaders.paths import project_root

STAND_IN = project_root() / "offline" / "dbt_utils"

MODELS = {
    "keys": """
        select
            {{ dbt_utils.generate_surrogate_key(['a']) }} as one,
            {{ dbt_utils.generate_surrogate_key(['a', 'b', 'c']) }} as three
        from (
            values ('x', 1, null::date), (null, 2, '2018-01-01'), ('', null, null), ('x-1', 1, null)
        ) as t (a, b, c)
        order by 1, 2
    """,
    "days": """{{ dbt_utils.date_spine(
        'day', "cast('2016-01-30' as date)", "cast('2016-03-02' as date)"
    ) }}""",
    "months": """{{ dbt_utils.date_spine(
        'month', "cast('2016-01-01' as date)", "cast('2021-01-01' as date)"
    ) }}""",
    "numbers": "select * from (values (1, 1), (1, 2), (2, 2), (3, 3), (null, 4)) as t (a, b)",
}

# Per test of a model: whether it passes, in the order of its name.
TESTS = """
models:
  - name: numbers
    data_tests:
      - dbt_utils.unique_combination_of_columns:
          {name: pairs, arguments: {combination_of_columns: [a, b]}}
      - dbt_utils.unique_combination_of_columns:
          {name: singles, arguments: {combination_of_columns: [a]}}
      - dbt_utils.expression_is_true: {name: less_or_equal, arguments: {expression: a <= b}}
      - dbt_utils.expression_is_true: {name: equal, arguments: {expression: a = b}}
    columns:
      - name: a
        data_tests:
          - dbt_utils.accepted_range: {name: wide, arguments: {min_value: 1, max_value: 3}}
          - dbt_utils.accepted_range: {name: low, arguments: {max_value: 2}}
          - dbt_utils.accepted_range: {name: high, arguments: {min_value: 2}}
          - dbt_utils.accepted_range:
              {name: open, arguments: {min_value: 1, max_value: 3, inclusive: false}}
          - dbt_utils.expression_is_true: {name: of_column, arguments: {expression: "< 3"}}
"""


def real_dbt_utils() -> Path | None:
    named = os.environ.get("DBT_UTILS_PATH")
    found = Path(named) if named else project_root() / "dbt_packages" / "dbt_utils"
    return found if (found / "macros").is_dir() and not (found / "OFFLINE").exists() else None


def results_with(package: Path, folder: Path, query: Query) -> dict[str, Any]:
    """Build a small project on the package; return its rows and the failures of each test."""
    (folder / "models").mkdir(parents=True)
    for name, text in MODELS.items():
        (folder / "models" / f"{name}.sql").write_text(text)
    (folder / "models" / "tests.yml").write_text(TESTS)
    (folder / "dbt_project.yml").write_text(
        "name: probe\nprofile: olist_warehouse\nmodels: {+materialized: table}\n"
        "flags: {send_anonymous_usage_stats: false}\n"
    )
    shutil.copy(project_root() / "profiles.yml", folder)
    shutil.copytree(package, folder / "dbt_packages" / "dbt_utils")
    done = dbtRunner().invoke(
        ["--quiet", "build", "--project-dir", str(folder), "--profiles-dir", str(folder)]
    )
    found: dict[str, Any] = {name: query(f"select * from public.{name}") for name in MODELS}
    found["tests"] = {
        result.node.name: (str(result.status), result.failures)
        for result in getattr(done.result, "results", [])
        if result.node.resource_type == "test"
    }
    assert len(found["tests"]) == 9
    return found


def test_stand_in_does_what_its_users_need(tmp_path: Path, query: Query) -> None:
    found = results_with(STAND_IN, tmp_path / "stand_in", query)
    days = [day for (day,) in found["days"]]
    assert (len(days), str(min(days))[:10], str(max(days))[:10]) == (32, "2016-01-30", "2016-03-01")
    assert len(found["months"]) == 60
    assert len(set(found["keys"])) == 4
    failures = {name: count for name, (_, count) in found["tests"].items()}
    assert failures == {
        "pairs": 0,
        "singles": 1,
        "less_or_equal": 0,
        "equal": 1,
        "wide": 0,
        "low": 1,
        "high": 2,
        "open": 3,
        "of_column": 1,
    }


def test_stand_in_equals_the_real_package(tmp_path: Path, query: Query) -> None:
    real = real_dbt_utils()
    if real is None:
        pytest.skip("the real dbt_utils is not here: the hub was not reached (DBT_UTILS_PATH?)")
    ours = results_with(STAND_IN, tmp_path / "ours", query)
    theirs = results_with(real, tmp_path / "theirs", query)
    for name in ("days", "months"):
        ours[name], theirs[name] = sorted(ours[name]), sorted(theirs[name])
    assert ours == theirs
