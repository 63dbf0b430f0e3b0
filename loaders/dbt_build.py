"""``dbt build`` as ``make build`` runs it."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence

from loaders.errors import LoaderError
from loaders.paths import project_root

# Unit tests ask whether the SQL is right, not whether the data is: `make test` runs them.
# The SQL of each node is in target/run: dbt need not write it to its log as well.
_BUILD = ("build", "--exclude-resource-type", "unit_test", "--log-level-file", "info")


def dbt_build(environment: Mapping[str, str], arguments: Sequence[str] = ()) -> dict[str, int]:
    """Run it with this environment, and these arguments more; return the tests per status.

    Raises LoaderError when it fails.
    """
    colors = "--use-colors" if sys.stdout.isatty() else "--no-use-colors"
    done = subprocess.run(
        [sys.executable, "-m", "loaders.dbt_entry", colors, *_BUILD, *arguments],
        cwd=project_root(),
        env=environment,
        check=False,
    )
    if done.returncode != 0:
        raise LoaderError(
            "dbt build failed, its messages are above; rows that break a test are in schema audit."
        )
    results = json.loads((project_root() / "target" / "run_results.json").read_text("utf-8"))
    tests: dict[str, int] = {}
    for result in results["results"]:
        if result["unique_id"].startswith("test."):
            tests[result["status"]] = tests.get(result["status"], 0) + 1
    return tests
