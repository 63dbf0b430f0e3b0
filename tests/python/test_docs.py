"""What the documents claim is what the project has."""

import re
from pathlib import Path

import pytest

from loaders.paths import project_root

ROOT = project_root()
DOCUMENTS = sorted(
    {*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("models/marts/*.md")}
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_link_to_files_that_exist(document: Path) -> None:
    text = document.read_text("utf-8")
    for target in re.findall(r"\]\((?!https?://|#)([^)#\s]+)[^)]*\)", text):
        assert (document.parent / target).exists(), target


def test_the_architecture_names_rooms_that_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    for name in re.findall(r"`((?:loaders|macros|models|tests|benchmarks)/[\w./*]*)`", text):
        assert any(ROOT.glob(name.rstrip("/"))), name


@pytest.mark.parametrize("path", ["models/overview.md", "models/exposures.yml"])
def test_links_of_the_docs_site_lead_somewhere(path: str) -> None:
    text, overview = (
        (ROOT / path).read_text("utf-8"),
        (ROOT / "models/overview.md").read_text("utf-8"),
    )
    pages = {
        "overview",
        *(f"model/model.olist_warehouse.{file.stem}" for file in ROOT.glob("models/**/*.sql")),
        *(f"overview/{name}" for name in re.findall(r"{% docs __(\w+)__ %}", overview)),
    }
    links = set(re.findall(r"#!/([\w./]+)", text))
    assert links
    assert links <= pages
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text):
        assert (ROOT / picture).is_file(), picture
    for file in ROOT.glob("models/marts/fct_*.sql"):
        assert f"[{file.stem}](#!/model/" in overview


def test_the_list_of_rules_is_complete() -> None:
    listed = (ROOT / "docs" / "governance.md").read_text("utf-8")
    rules = (ROOT / "tests" / "governance" / "dbt-bouncer.yml").read_text("utf-8")
    names = set(re.findall(r"- name: (check_\w+)", rules))
    assert names
    missing = [name for name in names if f"`{name}`" not in listed]
    assert missing == [], "docs/governance.md lists every rule with its reason"
