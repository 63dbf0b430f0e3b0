"""offline/dbt_utils gives the results of the real dbt_utils, where that is at hand to compare.

The real one is taken from DBT_UTILS_PATH, else from dbt_packages (where the hub was reached).
"""

import hashlib
import os
import shutil
from pathlib import Path

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


NULL = "_dbt_utils_surrogate_key_null_"
VALUES = [("x", "1", NULL), (NULL, "2", "2018-01-01"), ("", NULL, NULL), ("x-1", "1", NULL)]


def md5(*values: str) -> str:
    return hashlib.md5("-".join(values).encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("which", ["stand-in", "real"])
def test_the_package_does_what_its_users_need(which: str, tmp_path: Path, query: Query) -> None:
    """Build a small project on the package, and compare rows, and failures of each test."""
    named = os.environ.get("DBT_UTILS_PATH")
    package = Path(named) if named else project_root() / "dbt_packages" / "dbt_utils"
    if which == "stand-in":
        package = STAND_IN
    elif not (package / "macros").is_dir() or (package / "OFFLINE").exists():
        pytest.skip("the real dbt_utils is not here: the hub was not reached (DBT_UTILS_PATH?)")
    (tmp_path / "models").mkdir()
    for name, text in MODELS.items():
        (tmp_path / "models" / f"{name}.sql").write_text(text)
    (tmp_path / "models" / "tests.yml").write_text(TESTS)
    (tmp_path / "dbt_project.yml").write_text(
        "name: probe\nprofile: olist_warehouse\nmodels: {+materialized: table}\n"
        "flags: {send_anonymous_usage_stats: false}\n"
    )
    shutil.copy(project_root() / "profiles.yml", tmp_path)
    shutil.copytree(package, tmp_path / "dbt_packages" / "dbt_utils")
    done = dbtRunner().invoke(
        ["--quiet", "build", "--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path)]
    )
    failures = {
        result.node.name: result.failures
        for result in getattr(done.result, "results", [])
        if result.node.resource_type == "test"
    }
    assert failures == {
        **dict.fromkeys(("pairs", "less_or_equal", "wide"), 0),
        **dict.fromkeys(("singles", "equal", "low", "of_column"), 1),
        **{"high": 2, "open": 3},
    }
    assert set(query("select * from public.keys")) == {(md5(row[0]), md5(*row)) for row in VALUES}
    assert query("select count(*), min(date_day)::text, max(date_day)::text from public.days") == [
        (32, "2016-01-30 00:00:00", "2016-03-01 00:00:00")
    ]
    assert query("select count(distinct date_month) from public.months") == [(60,)]
