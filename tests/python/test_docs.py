"""What the documents claim is what the project has."""

import re

import yaml

from loaders.paths import project_root

ROOT = project_root()
MARTS = ROOT / "models" / "marts"


def test_the_picture_of_the_star_has_every_mart_and_key() -> None:
    picture = (ROOT / "docs" / "assets" / "star.svg").read_text("utf-8")
    for path in MARTS.glob("*.yml"):
        (model,) = yaml.safe_load(path.read_text("utf-8"))["models"]
        assert f">{model['name']}<" in picture, f"draw {model['name']} in docs/assets/star.svg"
        if model["name"].startswith("fct_"):
            for column in model["columns"]:
                if column["name"].endswith("_key"):
                    assert f">{column['name']}<" in picture, (model["name"], column["name"])


def test_every_model_and_seed_has_a_description_beside_it() -> None:
    for path in [*ROOT.glob("models/*/*.sql"), *ROOT.glob("seeds/*.csv")]:
        prefix = "_" if path.suffix == ".csv" else ""
        assert path.with_name(f"{prefix}{path.stem}.yml").is_file(), path


def test_the_readme_names_files_that_exist() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", readme):
        assert (ROOT / target).exists(), target
    tree = readme.split("```\n.\n", 1)[1].split("```", 1)[0]
    named = re.findall(r"(?:├── |└── )([\w./]+)", tree)
    for name in named:
        assert any(ROOT.rglob(name.rstrip("/"))), name
