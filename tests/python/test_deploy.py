"""The containers of deploy/, without Docker: each command of ours runs as compose would start it.

A copy of the project stands for the image, a folder for each volume, this server for the service
`postgres`, a loopback S3 server for `minio`; Kafka's own command is Docker's to run.
"""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import Named, administer
from lakes import make_bucket
from loaders.cli import olist
from loaders.paths import project_root
from loaders.roles import KINDS
from loaders.sample import generate
from loaders.server import find_psql
from orchestrators import free_port
from warehouse import Warehouse

DEPLOY = project_root() / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROFILES = {"core", "dashboard", "stream", "lake", "airflow", "dagster"}
NEEDS = {
    "dashboard": ("streamlit is not installed: make dashboard", find_spec("streamlit")),
    "stream": ("there is no olist stream", olist.commands.get("stream")),
    **{
        name: (f"make {name}", os.environ.get(f"OLIST_{name.upper()}"))
        for name in ("airflow", "dagster")
    },
}


def test_profiles_bring_all_that_they_need() -> None:
    assert {name for each in SERVICES.values() for name in each["profiles"]} == PROFILES
    for name, service in SERVICES.items():
        for needed in service.get("depends_on", ()):
            assert {*service["profiles"]} <= {*SERVICES[needed]["profiles"]}, f"{name}: {needed}"


def test_roles_of_snowflake_have_every_schema() -> None:
    """None may make one, so a schema that the project gets has to stand there too."""
    schemas = set(
        re.findall(r"\+schema: (?:&\w+ )?(\w+)", (project_root() / "dbt_project.yml").read_text())
    )
    script = (DEPLOY / "snowflake" / "roles.sql").read_text("utf-8")
    assert set(re.findall(r"create schema if not exists olist\.(\w+)", script)) == {"raw", *schemas}
    rights = (
        r"grant usage, create table, create view on schema olist\.(\w+) to role olist_transformer"
    )
    assert set(re.findall(rights, script)) == schemas


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_closed(name: str) -> None:
    """Ports on loopback, secrets from files, nothing that grants more, a check or an end."""
    service = SERVICES[name]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    for variable, value in service.get("environment", {}).items():
        assert variable.endswith("_FILE") or not re.search("PASS|SECRET|TOKEN|KEY_ID", variable)
        if variable.endswith("_FILE"):
            assert Path(value).name in service["secrets"]
    assert not {"privileged", "user", "network_mode", "pid", "cap_add"} & {*service}
    assert not re.search(r":latest$|^[^:]+$", "" if "build" in service else service["image"])
    ends = name in {"build", "bucket"}
    assert ends == (service["restart"] == "on-failure:2")
    assert "healthcheck" in service or ends or name in {"stream", "archive"}


class Image:
    """The project as it is in the image, and what its services share."""

    def __init__(self, folder: Path, warehouse: Warehouse) -> None:
        self.root, self.state, self.warehouse = folder / "olist", folder / "state", warehouse
        listed = subprocess.run(
            ["git", "ls-files", "-z"],
            cwd=project_root(),
            capture_output=True,
            check=True,
            text=True,
        )
        for name in filter(None, listed.stdout.split("\0")):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(project_root() / name, self.root / name)
        shutil.copytree(project_root() / "dbt_packages", self.root / "dbt_packages")
        for name in ("target", "logs"):
            (self.state / name).mkdir(parents=True)
            (self.root / name).symlink_to(self.state / name)
        (self.root / ".venv").symlink_to(project_root() / ".venv")
        subprocess.run([self.root / "deploy" / "make-secrets"], check=True)
        secrets = self.root / "deploy" / "secrets"
        (secrets / "owner_password").write_text(warehouse.variables.get("PGPASSWORD", ""))
        self.inbox = folder / "inbox"
        generate(self.inbox, 0.01)
        self.role = f"t{os.getpid()}"
        self.places = {
            "/run/secrets": str(secrets),
            "/var/lib/olist": str(self.state),
            "/inbox": str(self.inbox),
            "/olist/": f"{self.root}/",
            "olist_reader": f"{self.role}_reader",
        }

    def _placed(self, text: str) -> str:
        text = re.sub(r"\$\{(\w+):-([^}]*)\}", r"\2", text).replace("$$", "$")
        places = "|".join(map(re.escape, self.places))
        return re.sub(places, lambda place: self.places[place[0]], text)

    def _environment(self, name: str, more: dict[str, str]) -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("LANG", "TMPDIR") if key in os.environ}
        orchestrator = os.environ.get(f"OLIST_{name.upper()}", "")
        clients = Path(str(find_psql())).parent  # createdb
        path = f"{project_root()}/.venv/bin:{orchestrator}/bin:{os.environ['PATH']}:{clients}"
        ours = {"PATH": path, "HOME": str(self.state), "PYTHONPATH": str(self.root)}
        ours |= {"OLIST_HOME": str(self.state), "OLIST_PROJECT": str(self.root)}
        ours |= {f"OLIST_{kind.upper()}_ROLE": f"{self.role}_{kind}" for kind in KINDS}
        given = {
            key: self._placed(str(value)) for key, value in SERVICES[name]["environment"].items()
        }
        where = self.warehouse.variables
        server = {key: where[key] for key in ("PGHOST", "PGPORT", "PGDATABASE")}
        if given["PGUSER"] == "olist":
            server["PGUSER"] = where["PGUSER"]
        return {**kept, **ours, **given, **server, **more}

    @contextmanager
    def service(self, name: str, **more: str) -> Iterator[subprocess.Popen[str]]:
        """Start a service; wait until it is healthy, where it has a check."""
        for container in re.findall(r":(\d+)$", " ".join(SERVICES[name].get("ports", ()))):
            self.places[container] = str(free_port())
        environment = self._environment(name, more)
        command = [self._placed(part) for part in SERVICES[name]["command"]]
        log = self.state / f"{name}.log"
        with log.open("w") as output:
            process = subprocess.Popen(
                [str(self.root / "deploy" / "entrypoint"), *command],
                cwd=self.root,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
        try:
            kind, *check = SERVICES[name].get("healthcheck", {}).get("test", ("CMD", "true"))
            assert kind == "CMD"
            asked = [self._placed(part) for part in check]
            end = time.monotonic() + 240
            while subprocess.run(
                asked, env=environment, capture_output=True, check=False
            ).returncode:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(1)
            yield process
        finally:
            for sign in (signal.SIGTERM, signal.SIGKILL):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, sign)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(20)

    def said(self, name: str) -> str:
        return (self.state / f"{name}.log").read_text("utf-8", "replace")


@pytest.fixture(scope="module")
def image(named: Named, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    """With the service `build` at its end."""
    with named("deploy") as warehouse:
        made = Image(tmp_path_factory.mktemp("image"), warehouse)
        with made.service("build", OLIST_DATA=str(made.inbox)) as process:
            assert process.wait(600) == 0, made.said("build")
        yield made
    for kind in KINDS:
        administer(warehouse.variables, "drop role {}", f"{made.role}_{kind}")
    administer(warehouse.variables, "drop database if exists {}", "airflow")


@pytest.mark.slow
def test_build_acts_as_the_roles(image: Image) -> None:
    assert f"{image.role}_loader lands, {image.role}_transformer builds" in image.said("build")
    assert image.warehouse.query("select count(*) > 0 from marts.fct_orders") == [(True,)]
    for secret in (image.root / "deploy" / "secrets").iterdir():
        if value := secret.read_text():
            assert value not in image.said("build")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["docs", "dashboard", "airflow", "dagster"])
def test_a_service_becomes_healthy(image: Image, name: str) -> None:
    reason, there = NEEDS.get(name, ("", True))
    if not there:
        pytest.skip(reason)
    with image.service(name) as process:
        assert process.poll() is None


def test_a_command_does_not_start_without_its_secret(tmp_path: Path) -> None:
    environment = {**os.environ, "PGPASSWORD_FILE": str(tmp_path / "missing")}
    done = subprocess.run(
        [DEPLOY / "entrypoint", "echo", "started"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "missing: No such file" in done.stderr
    assert done.stdout == ""


@pytest.mark.slow
def test_the_archive_fills_the_bucket(
    image: Image, s3: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    where = {name: s3[name] for name in s3 if "ENDPOINT" in name}
    with image.service("archive", OLIST_LAKE=f"s3://{make_bucket()}/lake/", **where):
        end = time.monotonic() + 120
        while "batch" not in image.said("archive"):
            assert time.monotonic() < end, image.said("archive")
            time.sleep(1)
