"""dbt-score rules: each model, seed, snapshot, source, exposure and macro explains itself.

dbt-score scores an item by the rules that it keeps; here every item must have the full 10. A
violation's message says what is missing and what to write.
"""

import re

from dbt_score import Exposure, Macro, Model, RuleViolation, Seed, Snapshot, Source, rule
from dbt_score.models import Column
from jinja2 import Environment, nodes

_GRAIN = "One row per "
_FOR_READERS = (
    *("models/marts/", "models/reports/"),
    *("models/operations/marts/", "models/operations/reports/"),
)


def _grain(description: str) -> RuleViolation | None:
    if not description.startswith(_GRAIN):
        return RuleViolation(f'its description does not begin with the grain: "{_GRAIN}…"')
    return None


def _tests(column: Column) -> set[str]:
    return {test.type for test in column.tests}


def _filled(model: Model) -> set[str]:
    """Columns that are tested to be never null, one by one or together."""
    found = {column.name for column in model.columns if "not_null" in _tests(column)}
    for test in model.tests:
        if test.type == "no_nulls":
            found |= set(test.kwargs["columns"])
    return found


@rule
def model_says_its_grain(model: Model) -> RuleViolation | None:
    """Who does not know the grain adds up the wrong rows."""
    return _grain(model.description)


@rule
def seed_says_its_grain(seed: Seed) -> RuleViolation | None:
    """A seed is read like a table, so it says what a row is."""
    return _grain(seed.description)


@rule
def snapshot_says_its_grain(snapshot: Snapshot) -> RuleViolation | None:
    """A snapshot has many rows for a key, so it says what a row is."""
    return _grain(snapshot.description)


@rule
def source_is_described(source: Source) -> RuleViolation | None:
    """The raw tables are where a question about a figure ends."""
    if not source.description.strip():
        return RuleViolation("the source table has no description; say what a row of the file is")
    return None


@rule
def exposure_is_described(exposure: Exposure) -> RuleViolation | None:
    """Who changes a mart must find out who reads it and whom to ask."""
    described = exposure.description.strip() and exposure.label and exposure.maturity
    if not (described and exposure.url and exposure.owner.get("email")):
        return RuleViolation(
            "the exposure needs a description, a label, a maturity, a url and an owner with email"
        )
    return None


@rule
def macro_is_described(macro: Macro) -> RuleViolation | None:
    """A macro is called by people who do not read its body."""
    if not macro.description.strip():
        return RuleViolation(f"describe macro {macro.name} in the YAML beside it")
    return None


@rule
def macro_arguments_are_described(macro: Macro) -> RuleViolation | None:
    """An argument may be a name, an expression or a value: its type and description say which."""
    if macro.name.startswith("materialization_"):
        return None  # dbt calls it, without arguments
    as_macro = re.sub(r"({%-?\s*)(end)?test\b", r"\1\2macro", macro.macro_sql)  # a generic test
    body = Environment(extensions=["jinja2.ext.do"], autoescape=True).parse(as_macro)
    signature = next(body.find_all(nodes.Macro), None)
    wanted = [argument.name for argument in signature.args] if signature else []
    given = [a["name"] for a in macro.arguments if a.get("type") and a.get("description")]
    if wanted != given:
        named = ", ".join(wanted) or "none"
        return RuleViolation(
            f"macro {macro.name} has the arguments: {named}; list them in this order in the YAML "
            "beside it, each with type and description"
        )
    return None


@rule
def model_has_a_tested_key(model: Model) -> RuleViolation | None:
    """A grain that no test holds is a hope, and a fan-out passes unseen."""
    meta = model.config.get("meta", {})
    if meta.get("no_key") or meta.get("key_held_by"):
        return None
    filled = _filled(model)
    if any("unique" in _tests(column) and column.name in filled for column in model.columns):
        return None
    for test in model.tests:
        if test.type == "unique_combination_of_columns" and filled >= set(
            test.kwargs["combination_of_columns"]
        ):
            return None
    return RuleViolation(
        "no key is tested: give a column unique and not_null, or the model "
        "dbt_utils.unique_combination_of_columns over not_null columns; a model that has no key "
        "says why in config.meta.no_key, a view names the mart that has its key in key_held_by"
    )


@rule
def seed_has_a_tested_key(seed: Seed) -> RuleViolation | None:
    """A seed is joined by its key; a row twice would double what it joins."""
    if any({"unique", "not_null"} <= _tests(column) for column in seed.columns):
        return None
    return RuleViolation("no column has unique and not_null; test its key")


@rule
def model_foreign_keys_are_tested(model: Model) -> RuleViolation | None:
    """A key that is null or points nowhere drops rows out of every chart that joins."""
    if not model.original_file_path.startswith(_FOR_READERS) or model.name.endswith("_history"):
        return None  # a history outlives its members: a removed one is in no dimension
    broken = [
        column.name
        for column in model.columns
        if column.name.endswith("_key")
        and not (column.name in _filled(model) and {"unique", "relationships"} & _tests(column))
    ]
    if broken:
        return RuleViolation(f"give not_null and relationships to {', '.join(broken)}")
    return None
