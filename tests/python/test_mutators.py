"""Each mutator changes one thing, and only SQL: no comment, no configuration."""

from collections.abc import Callable, Iterator

import pytest

from tests.mutation import clauses, columns, operators
from tests.mutation.edits import Edit
from tests.mutation.text import Unit, tokenize

Mutator = Callable[[Unit], Iterator[Edit]]


def changed(make: Mutator, text: str, *, is_macro: bool = False) -> list[str]:
    """The text after each edit of a mutator, white space made single."""
    unit = Unit("models/m.sql", "m", is_macro, text, tokenize(text))
    found = (text[: edit.start] + edit.new + text[edit.end :] for edit in make(unit))
    return [" ".join(result.split()) for result in found]


@pytest.mark.parametrize(
    ("make", "text", "expected"),
    [
        (clauses.joins, "a inner join b", ["a left join b"]),
        (clauses.joins, "a full outer join b", ["a left join b", "a right join b"]),
        (clauses.joins, "left(a, 2), a cross join b", []),
        (operators.comparisons, "a >= 1", ["a > 1"]),
        (operators.comparisons, "a <> b", ["a = b"]),
        (operators.comparisons, "{% if a == b %} {{ f(a=1) }} {% endif %}", []),
        (operators.distincts, "select distinct a", ["select a"]),
        (operators.distincts, "count(distinct a)", ["count( a)"]),
        (operators.distincts, "a is distinct from b", []),
        (operators.null_tests, "a is null", ["a is not null"]),
        (operators.null_tests, "a is not null", ["a is null"]),
        (operators.null_tests, "a is not distinct from b", ["a = b"]),
        (clauses.wheres, "from a where b = 1 and c group by d", ["from a group by d"]),
        (clauses.wheres, "(select a from b where c) as d", ["(select a from b ) as d"]),
        (clauses.wheres, "{% if is_incremental() %} where a {% endif %}", []),
        (
            clauses.terms,
            "where a = 1 and b = 2",
            ["where b = 2", "where a = 1", "where a = 1 or b = 2"],
        ),
        (
            clauses.terms,
            "where a between 1 and 2 and b between 3 and 4",
            [
                "where b between 3 and 4",
                "where a between 1 and 2",
                "where a between 1 and 2 or b between 3 and 4",
            ],
        ),
        (
            clauses.terms,
            "x, a is null and b as c",
            ["x, b as c", "x, a is null as c", "x, a is null or b as c"],
        ),
        (operators.calls, "coalesce(a, 0)", ["coalesce(0)", "coalesce(a)"]),
        (operators.calls, "coalesce({{ f(1, 2) }}, 0)", ["coalesce(0)", "coalesce({{ f(1, 2) }})"]),
        (operators.calls, "nullif(a, 0)", ["a"]),
        (operators.calls, "sum(a)", ["max(a)"]),
        (operators.calls, "count(*)", ["max(1)"]),
        (operators.calls, "count(a)", ["count(distinct a)"]),
        (operators.calls, "greatest(a, b)", ["least(a, b)"]),
        (operators.calls, "cast(a as date)", ["a"]),
        (operators.calls, "cast(null as date), cast(a as text)", []),
        (operators.trims, "{{ trimmed('a') }} as b", ["a as b"]),
        (operators.trims, "{{ try_cast(trimmed('a'), 'date') }}", ["{{ try_cast('a', 'date') }}"]),
        (operators.trims, "{{ without_accents(a) }}", ["{{ a }}"]),
        (operators.constants, "a > 2.50", ["a > 3.50"]),
        (operators.constants, "'b'", ["'mutant'"]),
        (operators.constants, "true", ["false"]),
        (operators.constants, "'{{ b }}', cast(a as numeric(12, 2)), {{ a }}.0", []),
        (operators.units, "{{ elapsed('a', 'b', 'hour') }}", ["{{ elapsed('a', 'b', 'day') }}"]),
        (operators.units, "extract(year from a)", ["extract(isoyear from a)"]),
        (operators.units, "{% set s = {'hour': 3600} %} year", []),
        (operators.arithmetic, "a * 2 - b", ["a + 2 - b", "a * 2 + b"]),
        (operators.arithmetic, "select *, count(*), -1, m.* from a where b > -1", []),
        (clauses.cases, "case when a then 1 else 2 end", ["case when a then 1 end"]),
        (
            clauses.cases,
            "case when a then case when x then 1 end when b then 2 end",
            ["case when b then 2 end", "case when a then case when x then 1 end end"],
        ),
        (
            clauses.orders,
            "over (partition by a order by b, c desc)",
            [
                "over ( order by b, c desc)",
                "over (partition by a order by b desc, c desc)",
                "over (partition by a order by b, c asc)",
                "over (partition by a order by c desc)",
                "over (partition by a order by b)",
            ],
        ),
        (
            clauses.orders,
            "partition by a, b",
            ["partition by b", "partition by a"],
        ),
        (
            clauses.unions,
            "with a as (select 1 union all select 2)",
            [
                "with a as (select 1 union select 2)",
                "with a as (select 1 )",
                "with a as ( select 2)",
            ],
        ),
        (
            clauses.incremental_blocks,
            "a {% if is_incremental() %} where {% if x %} b {% endif %} {% endif %} c",
            ["a {% if is_incremental() %} {% endif %} c"],
        ),
        (
            columns.list_items,
            "{{ dbt_utils.generate_surrogate_key(['a', 'b']) }}",
            [
                "{{ dbt_utils.generate_surrogate_key(['b']) }}",
                "{{ dbt_utils.generate_surrogate_key(['a']) }}",
            ],
        ),
        (
            columns.list_items,
            "{% set n = {'a': 1, 'b': 2}[x] %}",
            ["{% set n = {'b': 2}[x] %}", "{% set n = {'a': 1}[x] %}"],
        ),
        (
            columns.swapped_columns,
            "select a_at, b_at, c_id from t",
            ["select b_at as a_at, b_at, c_id from t", "select a_at, a_at as b_at, c_id from t"],
        ),
        (
            columns.swapped_columns,
            "select {{ date_key('x') }} as a, {{ date_key('y') }} as b, {{ f('z') }} as c",
            [
                "select {{ date_key('y') }} as a, {{ date_key('y') }} as b, {{ f('z') }} as c",
                "select {{ date_key('x') }} as a, {{ date_key('x') }} as b, {{ f('z') }} as c",
            ],
        ),
        (
            columns.swapped_columns,
            "select {{ try_cast('x', 'date') }} as a, {{ try_cast('y', 'integer') }} as b",
            [],
        ),
        (columns.swapped_columns, "select *, null as a, null as b from t", []),
        (
            columns.swapped_join_keys,
            "a as (select x_id, y_id from t), select 1 from b join a on b.x_id = a.x_id",
            ["a as (select x_id, y_id from t), select 1 from b join a on b.x_id = a.y_id"],
        ),
    ],
)
def test_what_each_mutator_makes(make: Mutator, text: str, expected: list[str]) -> None:
    assert sorted(changed(make, text)) == sorted(expected)


def test_the_cte_around_a_place_is_known() -> None:
    text = "with q as (select b as (c)), d as (select (e)) select (f)"
    unit = Unit("models/m.sql", "m", False, text, tokenize(text))
    found = {name: unit.cte(text.index(name)) for name in ("b as", "c)", "e)", "f)", "with")}
    assert found == {"b as": "q", "c)": "q", "e)": "d", "f)": "", "with": ""}


def test_the_keys_of_a_macro_that_holds_a_sort_order_are_turned() -> None:
    keys = "a is null, a desc"
    expected = {"a is null, a asc", "a is null", "a desc"}
    assert set(changed(clauses.orders, keys, is_macro=True)) == expected
    assert changed(clauses.orders, keys) == []


@pytest.mark.parametrize(
    "text",
    [
        "-- where a = 1 and b > 2\nselect 1 as a",
        "{# where a = 1 #} select 1 as a",
        "/* a > 1 */ select 1 as a",
        "{{ config(unique_key=['a', 'b'], pre_hook=\"{{ f(['a', 'b']) }}\") }} select 1 as a",
    ],
)
def test_comments_and_config_are_left_alone(text: str) -> None:
    assert [token.text for token in tokenize(text)][-4:] == ["select", "1", "as", "a"]
    assert all(token.text in {"select", "1", "as", "a"} for token in tokenize(text))
