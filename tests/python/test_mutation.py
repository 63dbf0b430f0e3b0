"""Which mutants there are, what a build says about them, and what is reported."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from loaders.paths import project_root
from tests.mutation import verdicts
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
        "{% macro nobody_s(x) %}{{ x }} desc, id{% endmacro %}\n",
        "utf-8",
    )
    mutants = mutants_of(read_parts(tmp_path))
    owners = {mutant.owner: mutant.targets for mutant in mutants}
    assert owners == dict.fromkeys(("fct_a", "postgres__is_newer"), ("fct_a",))
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


def result(status: str, message: str, kind: str = "model") -> SimpleNamespace:
    """What dbt says about a node, as far as the verdict looks."""
    node = SimpleNamespace(name="n", resource_type=kind)
    return SimpleNamespace(status=status, message=message, node=node)


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([result("success", ""), result("warn", "Got 3 results", "test")], "survived"),
        ([result("skipped", ""), result("fail", "Got 1 result", "test")], "test"),
        ([result("fail", "actual differs", "unit_test")], "test"),
        ([result("error", 'column "a" does not exist', "unit_test")], "invalid"),
        ([result("error", "division by zero", "test")], "test"),
        ([result("error", "Database Error\n  syntax error at or near")], "invalid"),
        ([result("error", "null value violates not-null constraint")], "error"),
        ([result("error", "This model has an enforced contract that failed.")], "error"),
        ([result("error", "canceling statement due to statement timeout")], "error"),
        ([result("error", "syntax error"), result("fail", "Got 1 result", "test")], "test"),
    ],
)
def test_verdicts(results: Sequence[SimpleNamespace], expected: str) -> None:
    assert verdict(results).status == expected


def _mutant(before: str) -> Mutant:
    return Mutant(f"f.sql:{before}", "f.sql", "f", before, "", ("f",), None, 0, None)  # type: ignore[arg-type]


def test_what_cannot_be_noticed_is_there() -> None:
    mutants = mutants_of(read_parts(project_root()))
    assert [one.id for one in verdicts.read_known() if not any(map(one.matches, mutants))] == []
    known = verdicts.Known("f.sql:*", "so", before="a")
    assert [known.matches(_mutant(before)) for before in "ab"] == [True, False]


def test_the_report_counts_and_lists_survivors() -> None:
    statuses = ["test", "error", "survived", "survived", "equivalent", "invalid"]
    outcomes = [(_mutant(f"a{n} | b"), Verdict(status)) for n, status in enumerate(statuses)]
    text = verdicts.report(outcomes, "python -m tests.mutation")
    assert "| `f.sql:a2 | b` | `a2 \\| b` | `` |" in text
    assert "6 mutants: 1 killed by a test, 1 by an error, 2 survived" in text
    assert "score 50.0 %" in text
    assert "{" not in text


def test_the_list_is_drawn_alike_for_a_seed(capsys: pytest.CaptureFixture[str]) -> None:
    drawn = []
    for seed in ("1", "1", "2"):
        assert main(["--list", "--only", "models/staging/*", "--sample", "3", "--seed", seed]) == 0
        drawn.append(capsys.readouterr().out)
    assert drawn[0] == drawn[1] != drawn[2]
    assert drawn[0].endswith("3 mutants\n")
    assert main(["--list", "--only", "nothing*"]) == 1
    assert capsys.readouterr().err == "mutants: No mutant fits: see --list.\n"
