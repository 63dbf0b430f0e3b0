"""Which mutants there are, what a build says about them, and what is reported."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from loaders.errors import LoaderError
from loaders.paths import project_root
from tests.mutation import known, report, scenario
from tests.mutation.__main__ import main
from tests.mutation.builds import copy_project
from tests.mutation.edits import Edit
from tests.mutation.mutants import Mutant, Project
from tests.mutation.verdicts import Verdict, verdict


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two models, a dispatched macro and one that no model calls."""
    files = {
        "models/marts/fct_a.sql": "select distinct a from b where {{ is_new('c') }}",
        "snapshots/kept.sql": "{% snapshot kept_a %} select distinct a from b {% endsnapshot %}",
        "macros/m.sql": (
            "{% macro is_new(x) %}{{ adapter.dispatch('is_newer')(x) }}{% endmacro %}\n"
            "{% macro default__is_newer(x) %}{{ x }} > 1{% endmacro %}\n"
            "{% macro postgres__is_newer(x) %}{{ x }} > 2{% endmacro %}\n"
            "{% macro generate_schema_name(a, b) %}{{ a }} > 3{% endmacro %}\n"
        ),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return Project.read(tmp_path)


def test_a_macro_is_tried_on_the_models_that_reach_it(project: Project) -> None:
    targets = {mutant.owner: mutant.targets for mutant in project.mutants()}
    assert targets == {
        "fct_a": ("fct_a",),
        "kept_a": ("kept_a",),
        "default__is_newer": (),
        "postgres__is_newer": ("fct_a",),
    }


def test_ids_are_stable_and_unique_and_each_mutant_is_another_text(project: Project) -> None:
    for found in (project, Project.read(project_root())):
        mutants = found.mutants()
        assert mutants == found.mutants()
        assert len({mutant.id for mutant in mutants}) == len(mutants) > 5
        for mutant in mutants:
            original = (found.root / mutant.file).read_text("utf-8")
            assert mutant.text(original) != original, mutant.id
    first = project.mutants()[0]
    assert first.id == "models/marts/fct_a.sql:1:distinct:1"
    assert first.after == "select a from b where {{ is_new('c') }}"


@dataclass
class Result:
    """What dbt says about a node, as far as the verdict looks."""

    status: str
    message: str
    kind: str = "model"

    @property
    def node(self) -> SimpleNamespace:
        return SimpleNamespace(name="n", resource_type=self.kind)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([Result("success", ""), Result("warn", "Got 3 results", "test")], "survived"),
        ([Result("skipped", ""), Result("fail", "Got 1 result", "test")], "test"),
        ([Result("fail", "actual differs", "unit_test")], "test"),
        ([Result("error", 'column "a" does not exist', "unit_test")], "invalid"),
        ([Result("error", "division by zero", "test")], "test"),
        ([Result("error", "Database Error\n  syntax error at or near")], "invalid"),
        ([Result("error", "null value violates not-null constraint")], "error"),
        ([Result("error", "This model has an enforced contract that failed.")], "error"),
        ([Result("error", "canceling statement due to statement timeout")], "error"),
        (
            [Result("error", "syntax error"), Result("fail", "Got 1 result", "test")],
            "test",
        ),
    ],
)
def test_verdicts(results: Sequence[Result], expected: str) -> None:
    assert verdict(results).status == expected


def _mutant(before: str, after: str, number: int = 1, within: str = "") -> Mutant:
    edit = Edit("join", 0, 1, "")
    return Mutant(f"f.sql:{number}:join:1", "f.sql", "f", edit, before, after, within, ("f",))


def test_judgements_are_found_by_text_on_any_line(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    entry = "file = 'f.sql'\nbefore = 'a   >  b'\nafter = 'a >= b'\nreason = 'same'\n"
    file.write_text(f"[[equivalent]]\n{entry}", "utf-8")
    judgements = known.read(file)
    assert judgements.why_equivalent(_mutant("a > b", "a >= b", 77)) == "same"
    assert judgements.why_equivalent(_mutant("a > b", "a < b")) is None
    assert judgements.stale([_mutant("a > b", "a >= b")]) == []
    assert [stale.after for stale in judgements.stale([])] == ["a >= b"]
    file.write_text(f"[[equivalent]]\nwithin = 'cte'\n{entry.replace('f.sql', '*.sql')}", "utf-8")
    judgements = known.read(file)
    assert judgements.why_equivalent(_mutant("a > b", "a >= b", within="cte")) == "same"
    assert judgements.why_equivalent(_mutant("a > b", "a >= b", within="other")) is None
    file.write_text("[[equivalent]]\nfile = 'f.sql'\n", "utf-8")
    with pytest.raises(LoaderError, match="each entry has file, before, after and reason"):
        known.read(file)


def test_every_judgement_is_about_a_mutant_of_this_project() -> None:
    stale = known.read().stale(Project.read(project_root()).mutants())
    assert [f"{entry.file}: {entry.before} → {entry.after}" for entry in stale] == []


def test_the_report_counts_and_explains() -> None:
    statuses = ["test", "error", "survived", "survived", "equivalent", "invalid", "unreached"]
    outcomes = [
        report.Outcome(_mutant(f"a{n} | b", "", n), Verdict(status, "because"))
        for n, status in enumerate(statuses)
    ]
    assert report.score(outcomes) == 50.0
    judged = known.Judgements([], [known.Known("f.sql", "a2 | b", "", "only the cost differs")])
    text = report.render(outcomes, judged, "python -m tests.mutation")
    assert text == report.render(outcomes, judged, "python -m tests.mutation")
    assert "| `f` | 7 | 1 | 1 | 2 | 1 | 1 | 1 | 50 % |" in text
    assert "| `f.sql:2:join:1` | `a2 \\| b` → *nothing* | only the cost differs |" in text
    assert "| `f.sql:3:join:1` | `a3 \\| b` → *nothing* | **not yet** |" in text
    assert "- 0:join:1 killed by because" in text


def test_the_copy_stores_no_failures_and_has_all_that_dbt_reads(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for name in ("models/a.sql", "tests/singular/b.sql", "tests/python/c.py", "dbt_packages/d.sql"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("select 1", "utf-8")
    for name in ("profiles.yml", "packages.yml"):
        (root / name).write_text("", "utf-8")
    settings = {"models": {"p": {"+persist_docs": {}}}, "data_tests": {"+store_failures": True}}
    (root / "dbt_project.yml").write_text(yaml.safe_dump(settings), "utf-8")
    copy_project(root, tmp_path / "copy")
    written = yaml.safe_load((tmp_path / "copy" / "dbt_project.yml").read_text("utf-8"))
    assert written == {"models": {"p": {}}, "data_tests": {"+store_failures": False}}
    assert (tmp_path / "copy" / "tests" / "singular" / "b.sql").is_file()
    assert not list((tmp_path / "copy").rglob("*.py"))


def test_the_loads_to_come_have_late_corrected_and_removed_rows(tmp_path: Path) -> None:
    before, after = scenario.write(tmp_path, 0.002)

    def ids(loads: list[tuple[Path, str]], number: int) -> set[str]:
        orders = (loads[number][0] / "olist_orders_dataset.csv").read_text("utf-8").splitlines()[1:]
        return {line.split(",")[0] for line in orders}

    assert [mode for _, mode in (*before, *after)] == ["delta", "delta", "snapshot", "delta"]
    assert ids(after, 0) - ids(before, 0)
    assert ids(before, 0) - ids(after, 0)
    assert ids(after, 1)


def test_the_list_is_drawn_alike_for_a_seed(capsys: pytest.CaptureFixture[str]) -> None:
    drawn = []
    for seed in ("1", "1", "2"):
        assert main(["--list", "--only", "models/staging/*", "--sample", "3", "--seed", seed]) == 0
        drawn.append(capsys.readouterr().out)
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0].endswith("3 mutants\n")


def test_a_glob_that_fits_nothing_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--only", "nothing*"]) == 1
    assert capsys.readouterr().err == "mutants: No mutant fits: see --list.\n"
