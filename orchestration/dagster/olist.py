"""Raw tables and dbt models as assets: land every night, build what landed (docs/orchestration.md).

Every step is a command of the project's own environment.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

PROJECT = Path(os.environ.get("OLIST_PROJECT") or Path(__file__).resolve().parents[2])
BIN = PROJECT / ".venv" / "bin"
TARGET = PROJECT / "target" / "dagster"
MANIFEST = TARGET / "manifest.json"
LOCATION = os.environ.get("OLIST_LOCATION", "inbox")
SCHEDULED, LOOKING = dg.DefaultScheduleStatus.RUNNING, dg.DefaultSensorStatus.RUNNING


def run(program: str, *arguments: str, must_work: bool = True, **variables: str) -> str:
    """Run a command of the project, with more variables; return what it printed."""
    done = subprocess.run(
        [str(BIN / program), *arguments],
        cwd=PROJECT,
        env={**os.environ, **variables},
        text=True,
        stdout=subprocess.PIPE,
        check=False,
    )
    print(done.stdout)
    if done.returncode and must_work:
        raise dg.Failure(f"{program} {arguments[0]} ended with {done.returncode}: see its output.")
    return done.stdout


def manifest() -> Path:
    """What dbt makes of the project, parsed again where a file of it has changed."""
    read = [PROJECT / "dbt_project.yml"]
    for folder in ("models", "seeds", "macros", "tests"):
        read += (path for path in (PROJECT / folder).rglob("*.*") if path.suffix != ".py")
    if not MANIFEST.exists() or MANIFEST.stat().st_mtime < max(map(os.path.getmtime, read)):
        run("dbt", "--quiet", "parse", "--target-path", str(TARGET))
    return MANIFEST


class Landing(dg.Config):
    """What the launchpad asks for."""

    location: str = LOCATION
    mode: str = "delta"


@dg.multi_asset(
    specs=[
        dg.AssetSpec([table["source_name"], table["name"]], description=table["description"])
        for table in json.loads(manifest().read_text("utf-8"))["sources"].values()
    ],
)
def land(context: dg.AssetExecutionContext, config: Landing) -> Iterator[dg.MaterializeResult]:
    """All raw tables, by one landing."""
    run("olist", "up")
    run("olist", "doctor")
    said = run("olist", "land", config.location, "--mode", config.mode).strip().splitlines()[-1]
    for key in context.selected_asset_keys:
        yield dg.MaterializeResult(asset_key=key, metadata={"landed": said})


@dbt_assets(manifest=manifest(), exclude="resource_type:unit_test")
def build(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """All models and seeds, with their tests as checks; then freshness and the page of quality."""
    try:
        # One folder: by default each run leaves one of its own.
        yield from dbt.cli(["build"], context=context, target_path=TARGET / "build").stream()
    finally:
        run("olist", "quality", "--html", "target/quality.html", must_work=False)
    run("dbt", "source", "freshness")


land_job = dg.define_asset_job("land_job", dg.AssetSelection.assets(land))
build_job = dg.define_asset_job("build_job", dg.AssetSelection.assets(build))
nightly = dg.ScheduleDefinition(job=land_job, cron_schedule="0 2 * * *", default_status=SCHEDULED)


def is_alive(pid: int) -> bool:
    """Whether there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def fail_lost_runs(instance: dg.DagsterInstance) -> None:
    """Fail runs whose process was killed with the scheduler, so that they are tried again.

    Dagster's launcher for one machine does not look: they would be running for ever.
    """
    started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
    for run_id in [one.run_id for one in instance.get_runs(started)]:
        events = instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
        found = (one.get_dagster_event().engine_event_data.metadata.get("pid") for one in events)
        pid = next((str(pid.value) for pid in found if pid), "")
        now = None if not pid or is_alive(int(pid)) else instance.get_run_by_id(run_id)
        if now and now.status == dg.DagsterRunStatus.STARTED:  # it has not ended by itself
            instance.report_run_failed(now, f"Its process {pid} is gone.")


@dg.sensor(job=build_job, minimum_interval_seconds=10, default_status=LOOKING)
def newest_batch(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Build once for each batch that has landed, whoever landed it."""
    fail_lost_runs(context.instance)
    newest = "select max(batch_id) from raw._batches where status = 'landed'"
    batch = run("olist", "psql", "-Atc", newest, must_work=False).strip()
    if batch and batch != context.cursor:
        context.update_cursor(batch)
        yield dg.RunRequest(run_key=f"batch {batch}")
    else:
        yield dg.SkipReason("Nothing has landed since the last build, or PostgreSQL is not there.")


@dg.run_failure_sensor(default_status=LOOKING)
def failed(context: dg.RunFailureSensorContext) -> None:
    """Tell OLIST_NOTIFY of a run that failed for good, unless its command already has."""
    if context.dagster_run.tags.get("dagster/will_retry") == "true":
        return
    landed = context.dagster_run.run_config.get("ops", {}).get("land", {}).get("config", {})
    subjects = {"land_job": f"load of {landed.get('location', LOCATION)}"}
    subject = subjects.get(context.dagster_run.job_name, "dbt build")
    run("olist", "notify", must_work=False, OLIST_FAILED=subject)


defs = dg.Definitions(
    assets=[land, build],
    jobs=[land_job, build_job],
    schedules=[nightly],
    sensors=[newest_batch, failed],
    resources={
        "dbt": DbtCliResource(
            project_dir=str(PROJECT), profiles_dir=str(PROJECT), dbt_executable=str(BIN / "dbt")
        )
    },
    executor=dg.in_process_executor,
)
