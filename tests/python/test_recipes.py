"""What the documents tell to type works: their blocks of shell, in order, in a fresh clone.

A block that cannot be run here stands after a comment that says why: ``<!-- not run: … -->``. The
commands that CI runs by themselves are left out, and so is `make docs`, which serves until it is
stopped.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from loaders.paths import project_root
from loaders.sample import generate
from loaders.tables import BY_NAME

ROOT = project_root()
_BLOCK = re.compile(r"(<!-- not run: [^>]+ -->\n+)?```(sh|sql)\n(.*?)```", re.DOTALL)
_BY_CI = re.compile(
    r"^make (test[a-z-]*|spark|bench|docs|property|crashes|mutants|airflow|dagster)\b.*$", re.M
)
DOCUMENTS = [
    "README.md",
    "CONTRIBUTING.md",
    "analyses/README.md",
    "models/marts/README.md",
    *sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("docs/*.md")),
]


def recipes(document: str) -> list[str]:
    """Scripts of a document; a query is one that the reader runs."""
    found = []
    for not_run, kind, text in _BLOCK.findall((ROOT / document).read_text("utf-8")):
        if not_run:
            continue
        if kind == "sql":
            found.append(
                f".venv/bin/olist psql --role reader -v ON_ERROR_STOP=1 <<'SQL'\n{text}SQL"
            )
        elif script := _BY_CI.sub("", text).strip():
            found.append(script)
    return found


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone, and the files that the documents speak of, small ones."""
    folder = tmp_path_factory.mktemp("recipes")
    subprocess.run(["git", "clone", "-q", ROOT, folder / "clone"], check=True)
    generate(folder / "sample", 0.02)
    whole = shutil.make_archive(str(folder / "whole"), "zip", folder / "sample")
    # A file without keys is complete in any mode, and raw may have that of a larger sample.
    (folder / "sample" / BY_NAME["geolocation"].file).unlink()
    changes = shutil.make_archive(str(folder / "changes"), "zip", folder / "sample")
    for place, archive in (
        ("home/Downloads/archive.zip", whole),
        ("clone/archive.zip", whole),
        ("clone/exports/full.zip", whole),
        ("clone/exports/2018-09-01.zip", changes),
        ("clone/data/march.zip", changes),
    ):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(archive, folder / place)
    return folder / "clone"


@pytest.mark.skipif(
    not os.environ.get("OLIST_RECIPES"), reason="documents in a clone: make recipes"
)
@pytest.mark.parametrize("document", DOCUMENTS)
def test_what_a_document_tells_to_type_works(clone: Path, document: str) -> None:
    variables = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PG", "OLIST_", "DBT_", "DATABASE_URL", "VIRTUAL_ENV"))
    }
    variables |= {"HOME": str(clone.parent / "home"), "PYTHON": sys.executable}
    variables["OLIST_ALLOW_REMOVALS"] = "1"  # documents land exports of different sizes
    for script in recipes(document):
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", script],
            cwd=clone,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{document}:\n{script}\n{done.stdout}\n{done.stderr}"


def test_every_recipe_is_run_or_says_why_not() -> None:
    scripts = {document: recipes(document) for document in DOCUMENTS}
    assert len(scripts["README.md"]) >= 5
    assert sum(map(len, scripts.values())) >= 15
