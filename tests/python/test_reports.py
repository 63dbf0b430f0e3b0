"""Every report says what independently written SQL on ``raw`` says: sample and real data.

``tests/reports/<report>.raw.sql`` gives its columns, by their names, without the models.
"""

import pytest

from loaders.paths import project_root
from raw_sql import REPORTS, raw_sql, rows_of_one_only
from warehouse import Warehouse

NAMES = sorted(path.name.removesuffix(".raw.sql") for path in REPORTS.glob("*.raw.sql"))


def test_every_report_is_compared() -> None:
    models = {path.stem for path in (project_root() / "models/reports").glob("**/rpt_*.sql")}
    assert models == set(NAMES)
    exposures = (project_root() / "models/exposures.yml").read_text("utf-8")
    assert {name for name in models if f"ref('{name}')" not in exposures} == set()
    described = "".join(
        (project_root() / f"docs/reports-{part}.md").read_text("utf-8")
        for part in ("sales", "delivery")
    )
    assert {name for name in models if name not in described} == set()


@pytest.mark.parametrize("report", NAMES)
def test_a_report_says_what_raw_says(sample_and_real: Warehouse, report: str) -> None:
    assert sample_and_real.query(f"select count(*) > 0 from reports.{report}") == [(True,)]
    other = raw_sql(REPORTS / f"{report}.raw.sql")
    assert rows_of_one_only(sample_and_real, f"reports.{report}", other) == []
