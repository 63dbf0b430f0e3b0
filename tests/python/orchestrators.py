"""Airflow and Dagster on their real schedulers, driven through the APIs that their pages use."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from loaders.paths import project_root

START = 400  # seconds until a scheduler answers
END = 900  # until what it runs has ended
FOLDER = project_root() / "orchestration"
States = tuple[list[str], str]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def until(found: Callable[[], Any], seconds: float, what: Callable[[], str]) -> Any:
    """Ask twice a second until there is an answer."""
    end = time.monotonic() + seconds
    while True:
        with suppress(OSError):
            if answer := found():
                return answer
        assert time.monotonic() < end, what()
        time.sleep(0.5)


class Orchestrator(ABC):
    """One of the two, with a home of its own; ``variables`` lead its tasks to a warehouse."""

    def __init__(self, venv: str, home: Path, variables: Mapping[str, str]) -> None:
        self.bin, self.home, self.port = Path(venv) / "bin", home, free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        home.mkdir(exist_ok=True)
        self.environment = {
            **os.environ,
            **variables,
            "OLIST_HOME": f"{home}/home",
            "OLIST_PROJECT": str(project_root()),
            "OLIST_RETRY_SECONDS": "1",
        }
        self.headers = {"Content-Type": "application/json"}
        self.process: subprocess.Popen[bytes] | None = None

    command: Sequence[str]

    @abstractmethod
    def is_up(self) -> bool:
        """Whether it takes triggers."""

    @abstractmethod
    def trigger(self, location: Path) -> str:
        """Start a landing of a location; return its number."""

    @abstractmethod
    def state(self, landing: str) -> str:
        """What came of a landing: empty while it is not over."""

    @abstractmethod
    def built(self) -> tuple[int, str]:
        """How many builds have ended, and the state of the last; empty while one is to come."""

    def start(self) -> None:
        """Start its scheduler and its server, and wait for them."""
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.bin / self.command[0]), *self.command[1:]],
                cwd=self.home,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(self.is_up, START, self.said)

    def said(self) -> str:
        return (self.home / "log").read_text("utf-8", "replace")[-8000:]

    def end(self, sign: int = signal.SIGTERM) -> None:
        """End it with all that it started in its session."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(30)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def run(self, *locations: Path, meanwhile: Callable[[], None] = lambda: None) -> States:
        """Trigger landings at once; return their states, and that of the last build."""
        before, _ = self.built()
        landings = [self.trigger(location) for location in locations]
        meanwhile()

        def landed() -> list[str]:
            states = [self.state(one) for one in landings]
            return states if all(states) else []

        def ended() -> str:
            count, last = self.built()
            return last if count > before else ""

        states = until(landed, END, self.said)
        return states, str(until(ended, END, self.said)) if "success" in states else ""

    def ask(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """Get from a path, or send JSON to it; return the answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - of this machine
            f"{self.base}{path}", data, self.headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise OSError(f"{path}: {error.code} {error.read().decode()}") from error


class Airflow(Orchestrator):
    command = ("airflow", "standalone")

    def __init__(self, venv: str, home: Path, variables: Mapping[str, str]) -> None:
        super().__init__(venv, home, variables)
        settings = {
            "CORE__DAGS_FOLDER": str(FOLDER / "airflow"),
            "CORE__LOAD_EXAMPLES": "False",
            "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "CORE__PARALLELISM": "2",
            "CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "CORE__EXECUTION_API_SERVER_URL": f"{self.base}/execution/",
            "API__HOST": "127.0.0.1",
            "API__PORT": str(self.port),
            "API__BASE_URL": self.base,
            "API__WORKERS": "1",
            "API_AUTH__JWT_SECRET": "of-these-tests-of-these-tests-of-these-tests-of-these-tests",
            # a killed task is noticed in a minute
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
            "SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
            "SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
        }
        self.environment |= {f"AIRFLOW__{name}": value for name, value in settings.items()}
        self.environment |= {"AIRFLOW_HOME": str(home), "PATH": f"{self.bin}:{os.environ['PATH']}"}

    def is_up(self) -> bool:
        token = self.ask("/auth/token")["access_token"]
        self.headers["Authorization"] = f"Bearer {token}"
        health = self.ask("/api/v2/monitor/health")
        parsed = {dag["dag_id"] for dag in self.ask("/api/v2/dags")["dags"]}
        return health["scheduler"]["status"] == "healthy" and parsed >= {
            "olist_land",
            "olist_build",
        }

    def trigger(self, location: Path) -> str:
        body = {"logical_date": None, "conf": {"location": str(location)}}
        return str(self.ask("/api/v2/dags/olist_land/dagRuns", body)["dag_run_id"])

    def state(self, landing: str) -> str:
        return self._over(self.ask(f"/api/v2/dags/olist_land/dagRuns/{landing}"))

    def built(self) -> tuple[int, str]:
        runs = self.ask("/api/v2/dags/olist_build/dagRuns?order_by=-id&limit=100")["dag_runs"]
        return len([run for run in runs if self._over(run)]), self._over(runs[0]) if runs else ""

    def tasks(self) -> dict[str, str]:
        """States of the tasks of the last build."""
        path = "/api/v2/dags/olist_build/dagRuns"
        (newest,) = self.ask(f"{path}?order_by=-id&limit=1")["dag_runs"]
        found = self.ask(f"{path}/{newest['dag_run_id']}/taskInstances")["task_instances"]
        return {each["task_id"]: each["state"] for each in found}

    @staticmethod
    def _over(run: Mapping[str, Any]) -> str:
        return str(run["state"]) if run["state"] in {"success", "failed"} else ""


class Dagster(Orchestrator):
    def __init__(self, venv: str, home: Path, variables: Mapping[str, str]) -> None:
        super().__init__(venv, home, variables)
        file = str(FOLDER / "dagster" / "olist.py")
        self.command = ("dagster", "dev", "-f", file, "-h", "127.0.0.1", "-p", str(self.port))
        (home / "dagster.yaml").write_bytes((FOLDER / "dagster" / "dagster.yaml").read_bytes())
        self.environment |= {"DAGSTER_HOME": str(home), "PATH": f"{self.bin}:{os.environ['PATH']}"}

    def _query(self, query: str, **variables: Any) -> Any:
        answer = self.ask("/graphql", {"query": query, "variables": variables})
        assert "errors" not in answer, answer
        return answer["data"]

    def is_up(self) -> bool:
        found = self._query("{instance {daemonHealth {allDaemonStatuses {daemonType healthy}}}}")
        health = {
            one["daemonType"]: one["healthy"]
            for one in found["instance"]["daemonHealth"]["allDaemonStatuses"]
        }
        return bool(health.get("SENSOR") and health.get("QUEUED_RUN_COORDINATOR"))

    def trigger(self, location: Path) -> str:
        launched = self._query(
            "mutation($run: ExecutionParams!) {launchPipelineExecution(executionParams: $run)"
            " {__typename ... on LaunchRunSuccess {run {runId}} ... on PythonError {message}}}",
            run={
                "selector": {
                    "repositoryLocationName": "olist.py",
                    "repositoryName": "__repository__",
                    "pipelineName": "land_job",
                },
                "runConfigData": {"ops": {"land": {"config": {"location": str(location)}}}},
                "mode": "default",
            },
        )["launchPipelineExecution"]
        return str(launched["run"]["runId"])

    def said(self) -> str:
        return f"{super().said()}\n{self._runs('land_job')}\n{self._runs('build_job')}"

    def _runs(self, job: str) -> list[tuple[str, str]]:
        """First try and status of each run of a job, the newest first."""
        found = self._query(
            "query($job: String!) {runsOrError(filter: {pipelineName: $job}, limit: 100)"
            " {... on Runs {results {runId rootRunId status}}}}",
            job=job,
        )["runsOrError"]["results"]
        return [(one["rootRunId"] or one["runId"], one["status"]) for one in found]

    def state(self, landing: str) -> str:
        return self._over([status for root, status in self._runs("land_job") if root == landing])

    def built(self) -> tuple[int, str]:
        runs = self._runs("build_job")
        newest = runs[0][0] if runs else ""
        last = self._over([status for root, status in runs if root == newest])
        return len({root for root, _ in runs} - ({newest} if not last else set())), last

    @staticmethod
    def _over(tries: Sequence[str]) -> str:
        """A failed run is over when it was tried three times."""
        state = tries[0] if tries else ""
        if state == "SUCCESS":
            return "success"
        return "failed" if state in {"FAILURE", "CANCELED"} and len(tries) > 2 else ""
