"""Rules of the house that dbt-bouncer lacks; dbt-bouncer.yml calls each with its reason.

A function is a check: its first argument says what it looks at, one at a time. ``fail`` gets the
remedy.
"""

# mypy: disallow-untyped-decorators=False
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import yaml
from dbt_bouncer.check_framework.decorator import check, fail  # type: ignore[import-untyped]
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[4]
Node = Any  # what dbt-bouncer hands over: attributes of the manifest, None where there is none

_NAME_LENGTH = 63  # bytes that PostgreSQL keeps of a name
_REPEATS = 3
_CLASSES = ("direct", "quasi")
_DEFINITIONS = "docs/metrics.md"
_FIGURES = "tests/python/metrics.yml"
_METRICS = "docs/semantic-layer.md"


# ---------- every item explains itself, beside its code


@check
def check_seed_grain_is_described(seed: Node) -> None:
    if not str(seed.description or "").startswith("One row per "):
        fail(f"the description of {seed.name} does not begin with its grain: One row per …")


@check
def check_seed_columns_are_described(seed: Node) -> None:
    _columns(seed)


@check
def check_source_columns_are_described(source: Node) -> None:
    _columns(source)


@check
def check_model_yaml_is_beside(model: Node) -> None:
    _beside(model)


@check
def check_seed_yaml_is_beside(seed: Node) -> None:
    _beside(seed, "_")


@check
def check_macro_yaml_is_beside(macro: Node) -> None:
    _beside(macro)


@check
def check_macro_arguments_are_described(macro: Node) -> None:
    """Each argument is in the YAML with type and description, in the order of the code."""
    if macro.name.startswith("materialization_"):
        return  # dbt calls it, without arguments
    as_macro = re.sub(r"({%-?\s*)(end)?test\b", r"\1\2macro", macro.macro_sql)  # a generic test
    body = Environment(extensions=["jinja2.ext.do"], autoescape=True).parse(as_macro)
    signature = next(body.find_all(nodes.Macro), None)
    wanted = [argument.name for argument in signature.args] if signature else []
    given = [one.name for one in macro.arguments or [] if one.type and one.description]
    if wanted != given:
        fail(
            f"macro {macro.name} has the arguments: {', '.join(wanted) or 'none'}; list them in"
            " this order in the YAML beside it, each with type and description"
        )


@check
def check_test_says_why(test: Node) -> None:
    """A singular test begins with a comment; one that only warns has a reason."""
    comment = _comment(test)
    if not test.test_metadata and not comment:
        fail(f"{test.name} has to begin with a comment: what holds, why, and who leans on it")
    warns = str(test.config.severity).lower() != "error"
    if warns and not (test.description or ("warn" in comment and comment)):
        fail(
            f"test {test.name} only warns: say why in its description (YAML), or in the comment"
            " that begins it"
        )


@check
def check_test_name_fits(test: Node) -> None:
    if len(test.name.encode()) > _NAME_LENGTH:
        fail(f"{test.name} is longer than {_NAME_LENGTH} characters: give it a shorter name")


@check
def check_nothing_is_disabled(ctx: Any) -> None:
    """A disabled test looks like a passed one."""
    names = [
        node.name
        for versions in _values(ctx, "disabled")
        for node in versions
        if node.package_name == ctx.manifest_obj.manifest.metadata.project_name
    ]
    if names:
        fail(f"delete or fix what is disabled: {', '.join(sorted(names))}")


@check
def check_doc_blocks_are_used(ctx: Any) -> None:
    """A doc block is used, and what three columns say is one."""
    used: set[str] = set()
    texts: Counter[tuple[str, str]] = Counter()
    for node in (*_values(ctx, "nodes"), *_values(ctx, "sources")):
        used |= set(node.doc_blocks or ())
        for column in (node.columns or {}).values():
            used |= set(column.doc_blocks or ())
            texts[column.name, column.description] += not column.doc_blocks
    idle = [
        block.name
        for block in _own(ctx, "docs")
        if block.unique_id not in used and not block.name.startswith("__")
    ]
    if idle:
        fail(f"delete the doc blocks that nothing uses: {', '.join(sorted(idle))}")
    for (name, text), count in sorted(texts.items()):
        if count >= _REPEATS:
            fail(f'"{text}" describes column {name} {count} times: make it a doc block')


# ---------- keys and tests


@check
def check_model_key_is_held(model: Node, ctx: Any) -> None:
    """A model has a key that the database or a test holds, or says why not, or which mart does."""
    meta = model.config.meta or {}
    holder = next((one for one in ctx.models if one.name == meta.get("key_held_by")), None)
    if meta.get("key_held_by") and not (
        holder and holder.config.unique_key and _reads(ctx, holder, model.unique_id)
    ):
        fail(f"{meta['key_held_by']} does not read {model.name}, or has no key: test it here")
    if not (
        meta
        or model.config.unique_key
        or any("unique" in names for names in _column_tests(ctx, model).values())
    ):
        fail(
            f"no key of {model.name} is held: give a column the test unique, a mart or report"
            " config.unique_key; a model that has no key says why in config.meta.no_key, a view"
            " names the mart that has its key in key_held_by"
        )


@check
def check_seed_key_is_tested(seed: Node, ctx: Any) -> None:
    """A seed has a column that is unique and never null."""
    if not any({"unique", "no_nulls"} <= found for found in _column_tests(ctx, seed).values()):
        fail(f"no column of {seed.name} has unique and no_nulls: test its key")


@check
def check_model_has_primary_key(model: Node) -> None:
    """A mart or report has a primary key, never null by its contract."""
    key = model.config.unique_key
    if not isinstance(key, str) or key not in _filled(model):
        fail(f"give {model.name} config.unique_key, one column that its contract has as not_null")


@check
def check_model_foreign_keys_are_tested(model: Node, ctx: Any) -> None:
    """Each key of a mart or report is never null, and there where it points."""
    filled, tests = _filled(model), _column_tests(ctx, model)
    broken = [
        column
        for column in model.columns or {}
        if column.endswith("_key")
        and column != model.config.unique_key
        and not (column in filled and "foreign_keys" in tests.get(column, ()))
    ]
    if broken:
        fail(
            f"give {', '.join(broken)} of {model.name} the constraint not_null, and a place in its"
            " test foreign_keys"
        )


@check
def check_fact_has_unit_tests(model: Node, ctx: Any) -> None:
    """Both queries of a fact have a unit test: full, and incremental."""
    modes = {
        bool(((test.overrides or {}).get("macros") or {}).get("is_incremental"))
        for test in ctx.unit_tests
        if model.unique_id in test.depends_on.nodes
    }
    for mode, words in ((False, "a full build"), (True, "an incremental run")):
        if mode not in modes:
            fail(f"write a unit test of {model.name} for {words}")


# ---------- sensitive columns


@check
def check_sensitive_columns_have_a_class(source: Node) -> None:
    wrong = [name for name, kind in _sensitive(source).items() if kind not in _CLASSES]
    if wrong:
        fail(f"meta.pii of {', '.join(wrong)} of {source.name} is not one of {', '.join(_CLASSES)}")


@check
def check_sensitive_columns_are_masked(model: Node, ctx: Any) -> None:
    """What reads a source names its sensitive columns in masked() or coarse() only."""
    code = re.sub(r"{#.*?#}|--[^\n]*", "", str(model.raw_code or ""), flags=re.DOTALL)
    code = re.sub(r"{{-?\s*(masked|coarse)\(.*?}}", "", code, flags=re.DOTALL)
    sources = ctx.manifest_obj.manifest.sources
    names = {
        column
        for read in model.depends_on.nodes
        if read in sources
        for column in _sensitive(sources[read])
    }
    shown = [name for name in sorted(names) if re.search(rf"\b{name}\b", code, re.IGNORECASE)]
    imported = re.findall(r"(\w+)\s+as\s*\(\s*select\s+\*\s+from\s+{{-?\s*source", code)
    for cte in imported if names else ():
        if re.search(rf"select\s[^;()]*\*[^;()]*\sfrom\s+{cte}\b", code):
            shown.append(f"* of {cte}")
    if shown:
        fail(
            f"{model.name} lets {', '.join(shown)} through: write {{{{ masked('…') }}}} or"
            " {{ coarse('…', letters) }}, or leave it out (docs/sensitive.md)"
        )


# ---------- metrics


@check
def check_metrics_are_explained(ctx: Any) -> None:
    """A metric has owner, unit, description, and a definition that people can read."""
    headings = re.findall(r"^#+ (.+)$", _text(_DEFINITIONS), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-") for name in headings}
    found = []
    for metric in _own(ctx, "metrics"):
        meta = metric.config.meta or {}
        missing = [name for name in ("owner", "unit") if not meta.get(name)]
        missing += [] if metric.description else ["description"]
        if meta.get("definition") not in anchors:
            missing.append(f"definition (a heading of {_DEFINITIONS})")
        if missing:
            found.append(f"metric {metric.name} has no {', '.join(missing)}")
    if found:
        fail("; ".join(found))


@check
def check_metrics_are_compared(ctx: Any) -> None:
    """Other SQL gives what a metric gives, and docs/semantic-layer.md lists it."""
    figures, listed = yaml.safe_load(_text(_FIGURES)), _text(_METRICS)
    compared = {*figures["growth"], *figures["so_far"], *figures["other"]}
    compared = compared.union(figures["external"], *figures["metrics"].values())
    names = [metric.name for metric in _own(ctx, "metrics")]
    alone = [name for name in names if name not in compared]
    if alone:
        fail(f"give SQL of {', '.join(alone)} in {_FIGURES}, to compare it with")
    unlisted = [name for name in names if f"`{name}`" not in listed]
    if unlisted:
        fail(f"name {', '.join(unlisted)} in {_METRICS}")


@check
def check_semantic_model_is_described(semantic_model: Node) -> None:
    """Entities, dimensions and measures are what people choose from."""
    parts = [
        part
        for kind in ("entities", "dimensions", "measures")
        for part in semantic_model.get(kind) or ()
    ]
    silent = [part["name"] for part in (semantic_model, *parts) if not part["description"]]
    if silent:
        fail(f"describe {', '.join(silent)} of semantic model {semantic_model.name}")


# ---------- helpers


def _values(ctx: Any, collection: str) -> list[Node]:
    return list((getattr(ctx.manifest_obj.manifest, collection) or {}).values())


def _own(ctx: Any, collection: str) -> Iterator[Node]:
    """Members of a collection that are this project's."""
    project = ctx.manifest_obj.manifest.metadata.project_name
    return (node for node in _values(ctx, collection) if node.package_name == project)


def _columns(node: Node) -> None:
    silent = [name for name, column in (node.columns or {}).items() if not column.description]
    if silent:
        fail(f"describe {', '.join(silent)} of {node.name}")


def _beside(node: Node, prefix: str = "") -> None:
    path = PurePosixPath(node.original_file_path)
    wanted = str(path.with_name(f"{prefix}{path.stem}.yml"))
    found = str(node.patch_path or "").split("://")[-1]
    if found and found != wanted:  # without any, other rules ask for a description
        fail(f"move the description of {node.name} from {found} to {wanted}")


def _comment(test: Node) -> str:
    """The comment that a singular test begins with, empty where it has none."""
    first = str(test.raw_code or "").lstrip()
    return first.split("\n\n")[0] if first.startswith("--") else ""


def _column_tests(ctx: Any, node: Node) -> Mapping[str, set[str]]:
    """Names of the generic tests of each column, also of those that take ``columns``."""
    found: dict[str, set[str]] = {}
    for test in ctx.tests_by_attached_node.get(node.unique_id, ()):
        if test.test_metadata:
            arguments = test.test_metadata.kwargs or {}
            for column in arguments.get("columns") or [test.column_name]:
                found.setdefault(column, set()).add(test.test_metadata.name)
    return found


def _filled(node: Node) -> set[str]:
    """Columns that the contract says are never null."""
    return {
        name
        for name, column in (node.columns or {}).items()
        if any(one.type == "not_null" for one in column.constraints or ())
    }


def _reads(ctx: Any, reader: Node, wanted: str) -> bool:
    """Whether a model reads another, if through others."""
    models = {one.unique_id: one for one in ctx.models}
    inputs = [name for name in reader.depends_on.nodes if name in models]
    return wanted in inputs or any(_reads(ctx, models[name], wanted) for name in inputs)


def _sensitive(source: Node) -> dict[str, str]:
    """Classes of the columns of a source that have one."""
    found = {}
    for name, column in (source.columns or {}).items():
        meta = {**(column.meta or {}), **(getattr(column.config, "meta", None) or {})}
        if "pii" in meta:
            found[name] = str(meta["pii"])
    return found


def _text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")
