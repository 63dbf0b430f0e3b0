"""Land what came every night, then build what changed (docs/orchestration.md).

Every step is a command of the project's own environment; Airflow's has no dbt in it.
"""

import os
import subprocess
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, Asset, Param

PROJECT = os.environ.get("OLIST_PROJECT") or str(Path(__file__).resolve().parents[2])
RAW = Asset("olist_raw")
RETRY = timedelta(seconds=int(os.environ.get("OLIST_RETRY_SECONDS", "300")))


def alert(subject: str, context: Mapping[str, Any]) -> None:
    """Tell OLIST_NOTIFY of a task that failed for good, unless its command already has."""
    location = context.get("params", {}).get("location", "")
    subprocess.run(
        [f"{PROJECT}/.venv/bin/olist", "notify"],
        cwd=PROJECT,
        env={**os.environ, "OLIST_FAILED": subject.format(location=location)},
        check=False,
    )


def step(name: str, commands: str, subject: str | None, **more: Any) -> BashOperator:
    """A task that runs commands in the project; SUBJECT names its alerts, if it sends any."""
    return BashOperator(
        task_id=name,
        bash_command=f"set -e\n{commands}",
        cwd=PROJECT,
        append_env=True,
        retries=2,
        retry_delay=RETRY,
        on_failure_callback=partial(alert, subject) if subject else None,
        **more,
    )


options: dict[str, Any] = {
    "start_date": datetime(2026, 1, 1),
    "catchup": False,
    "max_active_runs": 1,
    "tags": ["olist"],
}

with DAG(
    "olist_land",
    description="Land what came in schema raw",
    schedule="0 2 * * *",
    params={
        "location": Param(
            os.environ.get("OLIST_LOCATION", "inbox"),
            type="string",
            description="Folder, zip, CSV file, s3://…, or env://VARIABLE",
        ),
        "mode": Param("delta", enum=["delta", "snapshot"], description="snapshot: it is complete"),
    },
    **options,
):
    step(
        "land",
        ".venv/bin/olist up\n.venv/bin/olist doctor\n"
        '.venv/bin/olist land "$LOCATION" --mode "$MODE"',
        "load of {location}",
        # variables: a shell does not read them as its own words
        env={"LOCATION": "{{ params.location }}", "MODE": "{{ params.mode }}"},
        outlets=[RAW],
    )

with DAG(
    "olist_build",
    description="Build what changed, test it, and show how the warehouse is doing",
    schedule=[RAW],
    **options,
):
    build = step("build", ".venv/bin/dbt build", "dbt build")
    freshness = step("freshness", ".venv/bin/dbt source freshness", "freshness of the data")
    page = step(
        "quality",
        ".venv/bin/olist quality --html target/quality.html",
        None,
        trigger_rule="all_done",  # it shows what failed
    )
    build >> [freshness, page]
