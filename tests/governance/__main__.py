"""Check all rules: print one line for each breach and exit with 1, or say that every rule holds.

``python -m tests.governance`` parses the project and checks what it says, without a database.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

from loaders.paths import project_root

CONFIG = Path(__file__).with_name("dbt-bouncer.yml")
FOLDER = Path("target") / "lint"
_CHECKED = {0, 1}  # exit codes of dbt-bouncer that mean that its checks were run


class GovernanceError(Exception):
    """A rule could not be checked at all; the message is one sentence that says why."""


def parse(folder: Path) -> None:
    """Parse the project into ``folder``, with what is off by default; no database is asked.

    Raises GovernanceError with dbt's own words when the project does not parse.
    """
    done = _run(
        *(sys.executable, "-m", "dbt.cli.main", "--quiet", "parse"),
        *("--target-path", str(folder), "--vars", "{with_operations: true, with_external: true}"),
    )
    if done.returncode != 0:
        words = " ".join((done.stdout or done.stderr).split())
        raise GovernanceError(f"dbt cannot parse the project, so no rule was checked: {words}")


def breaches(folder: Path, kind: str = "manifest_checks") -> list[str]:
    """Check the artifacts of a folder: a line for each breach, with file, remedy and rule.

    ``kind`` is the part of dbt-bouncer.yml: ``catalog_checks`` need a catalog.json, too. Raises
    GovernanceError when dbt-bouncer cannot check them.
    """
    chosen = {
        "dbt_artifacts_dir": str(folder.resolve()),
        "custom_checks_dir": str(CONFIG.parent / "checks"),
        kind: yaml.safe_load(CONFIG.read_text("utf-8"))[kind],
    }
    settings, report = folder.resolve() / "dbt-bouncer.yml", folder.resolve() / "bouncer.json"
    settings.write_text(yaml.safe_dump(chosen), "utf-8")
    report.unlink(missing_ok=True)
    done = _run(
        *(str(Path(sys.executable).with_name("dbt-bouncer")), "run"),
        *("--config-file", str(settings)),
        *("--output-file", str(report), "--output-only-failures"),
    )
    if done.returncode not in _CHECKED or not report.is_file():
        words = " ".join((done.stderr or done.stdout).split())
        raise GovernanceError(f"dbt-bouncer could not check the project: {words}")
    return sorted(
        f"{found['file_path'] or 'dbt_project.yml'}: {found['failure_message']}"
        f" [{found['check_run_id'].split(':')[0]}]"
        for found in json.loads(report.read_text("utf-8"))
    )


def _run(*command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        cwd=project_root(),
        env={**os.environ, "PYTHONPATH": str(project_root())},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def main() -> int:
    """Return the exit code."""
    try:
        parse(project_root() / FOLDER)
        broken = breaches(project_root() / FOLDER)
    except GovernanceError as error:
        print(error, file=sys.stderr)
        return 1
    for line in broken:
        print(line, file=sys.stderr)
    if broken:
        print(f"Governance: {len(broken)} to fix (docs/governance.md).", file=sys.stderr)
        return 1
    print("Governance: every rule holds.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
