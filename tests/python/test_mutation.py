"""Which mutants there are, what a build says about them, and what is reported."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from loaders.errors import LoaderError
from loaders.paths import project_root
from tests.mutation import scenario, verdicts
from tests.mutation.__main__ import main
from tests.mutation.mutants import Mutant, mutants_of, read_parts
from tests.mutation.template import read
from tests.mutation.verdicts import Verdict, verdict

MODEL = """{{ config(materialized='incremental') }}
with a as (select distinct x, y from {{ ref('b') }} {{ only_new('x') }})
-- a comment
select {{ key(['a.x', 'a.y']) }} as k from a left join {{ ref('c') }} as c on a.x = c.x
"""


def _changed(folder: Path, sql: str) -> set[tuple[str, str, str]]:
    """Kind, before and after of each mutant of a model."""
    (folder / "models").mkdir(exist_ok=True)
    (folder / "models" / "m.sql").write_text(sql, "utf-8")
    found = mutants_of(read_parts(folder))
    return {(one.id.split(":")[2], one.before, one.after) for one in found}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select a from t inner join u on t.i = u.i", ("join", "JOIN u", "LEFT JOIN u")),
        ("select a from t where a >= 1", ("comparison", "a >= 1", "a > 1")),
        (
            "select a from t where a is not null",
            ("null-test", "a IS NOT NULL", "NOT a IS NOT NULL"),
        ),
        ("select a from t where a and b", ("condition", "a AND b", "b")),
        ("select a from t where a and b", ("condition", "a AND b", "a OR b")),
        ("select a from t where {{ f('a') }}", ("where", "WHERE {{ f('a') }}", "")),
        ("select a from t {{ only_new() }}", ("clause", "{{ only_new() }}", "")),
        ("select distinct a from t", ("distinct", "DISTINCT", "")),
        ("select sum(a) as s from t", ("aggregate", "SUM(a)", "MAX(a)")),
        ("select count(*) as n from t", ("aggregate", "COUNT(*)", "MAX(1)")),
        ("select coalesce(a, {{ b }}) as c from t", ("coalesce", "COALESCE(a, {{ b }})", "COAL")),
        ("select lower(a) as c from t", ("unwrapped", "LOWER(a)", "a")),
        ("select {{ trimmed('a') }} as c from t", ("unwrapped", "{{ trimmed('a') }}", "{{ 'a' }}")),
        ("select 0.50 as half from t", ("constant", "0.50", "1.50")),
        ("select case when a then 1 else 2 end as b from t", ("case", "CASE", "CASE")),
        ("select a from t union all select a from u", ("union", "SELECT", "SELECT a FROM u")),
        ("select a from t order by a desc", ("sort", "a DESC", "a")),
        (
            "select max(a) over (partition by b, c) as d from t",
            ("key-part", "MAX(a) OVER (PARTITION BY b, c)", "MAX(a) OVER (PARTITION BY c)"),
        ),
        ("select a_id, b_id from t", ("column", "a_id", "b_id AS a_id")),
        (
            "with u as (select a_id, b_id from v) select 1 from t join u on t.i = u.a_id",
            ("join-key", "t.i = u.a_id", "t.i = u.b_id"),
        ),
        ("select {{ key(['a', 'b']) }} as k from t", ("key-part", "{{ key(", "{{ key(['b']) }}")),
        ("select a + b as c from t", ("arithmetic", "a + b", "a - b")),
        ("select extract(year from a) as y from t", ("unit", "EXTRACT(", "EXTRACT(ISOYEAR")),
    ],
)
def test_each_kind_of_fault_is_made(
    tmp_path: Path, sql: str, expected: tuple[str, str, str]
) -> None:
    kind, before, after = expected
    found = _changed(tmp_path, sql)
    after_of = {one[2] for one in found if one[0] == kind and before in one[1]}
    assert any(after in one if after else not one for one in after_of), found


def test_jinja_is_masked_and_comes_back(tmp_path: Path) -> None:
    template = read(MODEL, 0, len(MODEL))
    assert template
    text = MODEL[: template.start] + template.text(template.tree)
    for jinja in ("config(mat", "ref('b')", "only_new('x')", "key(['a.x', 'a.y'])"):
        assert text.count(jinja) == 1
    assert "WHERE" not in text  # a call that stands for a clause stays one
    loop = "{% for x in y %} select {{ x }} {{ 'union' if not loop.last }} {% endfor %}"
    assert read(loop, 0, len(loop)) is None


def test_a_macro_is_tried_on_the_models_that_reach_it(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "macros").mkdir()
    (tmp_path / "models/fct_a.sql").write_text("select a from b where {{ is_new('c') }}", "utf-8")
    (tmp_path / "macros/m.sql").write_text(
        "{% macro is_new(x) %}{{ adapter.dispatch('is_newer')(x) }}{% endmacro %}\n"
        "{% macro default__is_newer(x) %}{{ x }} > 1{% endmacro %}\n"
        "{% macro postgres__is_newer(x) %}{{ x }} > 2{% endmacro %}\n"
        "{% macro first(x) %}{{ x }} desc, id{% endmacro %}\n"
        "{% macro generate_schema_name(a, b) %}{{ a }} > 3{% endmacro %}\n",
        "utf-8",
    )
    mutants = mutants_of(read_parts(tmp_path))
    assert {mutant.owner: mutant.targets for mutant in mutants} == {
        "fct_a": ("fct_a",),
        "default__is_newer": (),
        "postgres__is_newer": ("fct_a",),
        "first": (),
    }
    constant = next(m for m in mutants if m.owner == "postgres__is_newer" and m.before == "2")
    lines = constant.text((tmp_path / "macros/m.sql").read_text("utf-8")).splitlines()
    assert "{{ x }} > 3" in lines  # nothing of the statement that was put around it
    assert "{% macro default__is_newer(x) %}{{ x }} > 1{% endmacro %}" in lines


def test_ids_are_stable_and_each_mutant_is_another_text() -> None:
    parts = read_parts(project_root())
    mutants = mutants_of(parts)
    assert mutants == mutants_of(read_parts(project_root()))
    assert len({mutant.id for mutant in mutants}) == len(mutants) > 1000
    assert [part.name for part in parts if not part.template and not part.is_macro] == [
        "invalid_values"
    ]
    for mutant in mutants[::20]:
        original = (project_root() / mutant.file).read_text("utf-8")
        assert mutant.text(original) != original, mutant.id


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
        ([Result("error", "syntax error"), Result("fail", "Got 1 result", "test")], "test"),
    ],
)
def test_verdicts(results: Sequence[Result], expected: str) -> None:
    assert verdict(results).status == expected


def _mutant(before: str, after: str) -> Mutant:
    return Mutant(f"f.sql:{before}", "f.sql", "f", before, after, ("f",), None, 0, None)  # type: ignore[arg-type]


def test_what_cannot_be_noticed_is_known(tmp_path: Path) -> None:
    file = tmp_path / "known.toml"
    file.write_text("[[equivalent]]\nid = 'f.sql:*'\nbefore = 'a'\nreason = 'x'\n", "utf-8")
    (known,) = verdicts.read_known(file)
    assert known.matches(_mutant("a", "b"))
    assert not known.matches(_mutant("b", "a"))
    file.write_text("[[equivalent]]\nid = 'f.sql'\n", "utf-8")
    with pytest.raises(LoaderError, match="each entry has id and reason"):
        verdicts.read_known(file)
    mutants = mutants_of(read_parts(project_root()))
    assert [one.id for one in verdicts.read_known() if not any(map(one.matches, mutants))] == []


def test_the_report_counts_by_model() -> None:
    statuses = ["test", "error", "survived", "survived", "equivalent", "invalid", "unreached"]
    outcomes = [(_mutant(f"a{n} | b", ""), Verdict(status)) for n, status in enumerate(statuses)]
    text = verdicts.report(outcomes, "python -m tests.mutation")
    assert "| `f` | 7 | 1 | 1 | 2 | 1 | 1 | 1 | 50 % |" in text
    assert "| `f.sql:a2 | b` | `a2 \\| b` | `` |" in text
    assert "score 50.0 %" in text
    assert "{" not in text


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
    assert main(["--list", "--only", "nothing*"]) == 1
    assert capsys.readouterr().err == "mutants: No mutant fits: see --list.\n"
