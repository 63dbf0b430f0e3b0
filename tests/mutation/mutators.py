"""What may be wrong in a tree of SQL: each mutator gives other forms of one node.

A mutator takes a template and a node of its tree, and yields the kind of fault with the expression
that replaces the node (None: it is dropped).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlglot import exp

from .template import Template

Node = exp.Expr
Found = Iterator[tuple[str, Node | None]]

_OPERATORS: dict[type, tuple[str, Any]] = {
    **{exp.GT: ("comparison", exp.GTE), exp.GTE: ("comparison", exp.GT)},
    **{exp.LT: ("comparison", exp.LTE), exp.LTE: ("comparison", exp.LT)},
    **{exp.EQ: ("comparison", exp.NEQ), exp.NEQ: ("comparison", exp.EQ)},
    **{exp.NullSafeNEQ: ("null-test", exp.NEQ), exp.NullSafeEQ: ("null-test", exp.EQ)},
    **{exp.Add: ("arithmetic", exp.Sub), exp.Sub: ("arithmetic", exp.Add)},
    **{exp.Mul: ("arithmetic", exp.Add), exp.Div: ("arithmetic", exp.Mul)},
    **{exp.And: ("condition", exp.Or), exp.Or: ("condition", exp.And)},
}
_AGGREGATES: dict[type, Any] = {
    **{exp.Sum: exp.Max, exp.Avg: exp.Max, exp.Min: exp.Max, exp.Max: exp.Min},
    **{exp.Greatest: exp.Least, exp.Least: exp.Greatest},
}
_UNWRAPPED = (exp.Nullif, exp.Lower, exp.Upper, exp.Trim, exp.Abs, exp.Round, exp.Translate)
_JOINS = {"LEFT": ("",), "RIGHT": ("",), "FULL": ("LEFT", "RIGHT")}
_PARTS = {"YEAR": "ISOYEAR", "MONTH": "QUARTER", "DAY": "DOY", "WEEK": "MONTH", "ISODOW": "DOW"}
_UNITS = {"hour": "day", "day": "hour", "second": "minute", "minute": "second"}
# Last words of names that say what kind of value a column has; the others are text.
_ENDINGS = "key id at on g cm rank value price total count length qty score sum latitude longitude"


def joins(_: Template, node: Node) -> Found:
    """Another kind of join."""
    if isinstance(node, exp.Join) and (node.args.get("on") or node.args.get("using")):
        for side in _JOINS.get(node.side, ("LEFT",)):
            yield "join", _with(node, side=side, kind="")


def operators(_: Template, node: Node) -> Found:
    """Another comparison, calculation, connective, test for null, unit; a term dropped."""
    if found := _OPERATORS.get(type(node)):
        kind, other = found
        yield kind, other(this=node.this.copy(), expression=node.expression.copy())
    if isinstance(node, exp.And | exp.Or):
        yield "condition", node.this.copy()
        if type(node.this) is not type(node):
            yield "condition", node.expression.copy()
    elif isinstance(node, exp.Not) and isinstance(node.this, exp.Is):
        yield "null-test", node.this.copy()
    elif isinstance(node, exp.Is) and not isinstance(node.parent, exp.Not):
        yield "null-test", exp.Not(this=node.copy())
    elif isinstance(node, exp.Extract) and node.name.upper() in _PARTS:
        yield "unit", _with(node, this=exp.var(_PARTS[node.name.upper()]))


def clauses(template: Template, node: Node) -> Found:
    """A ``where``, ``having``, ``distinct``, or a clause that Jinja stands for, dropped."""
    if isinstance(node, exp.Where | exp.Having):
        yield "where", None
    elif isinstance(node, exp.Offset) and template.jinja(node.expression.name):
        yield "clause", None
    elif isinstance(node, exp.Distinct):
        is_select = isinstance(node.parent, exp.Select)
        yield "distinct", None if is_select else node.expressions[0].copy()


def calls(_: Template, node: Node) -> Found:
    """Another aggregate, a call taken away from its argument, an argument dropped."""
    if other := _AGGREGATES.get(type(node)):
        arguments = [argument.copy() for argument in node.expressions]
        yield "aggregate", other(this=node.this.copy(), expressions=arguments)
    elif isinstance(node, exp.Count) and isinstance(node.this, exp.Star):
        yield "aggregate", exp.Max(this=exp.Literal.number(1))
    elif isinstance(node, exp.Count) and not isinstance(node.this, exp.Distinct):
        yield "aggregate", _with(node, this=exp.Distinct(expressions=[node.this.copy()]))
    elif isinstance(node, exp.Coalesce):
        for first, *rest in _each_left_out([node.this, *node.expressions]):
            yield "coalesce", exp.Coalesce(this=first, expressions=rest)
    elif isinstance(node, _UNWRAPPED) or (
        isinstance(node, exp.Cast) and node.to.is_type("date") and not node.this.is_leaf()
    ):
        yield "unwrapped", node.this.copy()


def constants(_: Template, node: Node) -> Found:
    """Another number, text or truth value."""
    if node.arg_key == "true" and node.find_ancestor(exp.Count):
        return  # `count(case when … then 1 end)` counts what is not null
    if isinstance(node, exp.Boolean):
        yield "constant", exp.Boolean(this=not node.this)
    elif isinstance(node, exp.Literal) and not isinstance(node.parent, exp.DataTypeParam):
        if not node.is_string:
            decimals = len(node.name.partition(".")[2])
            yield "constant", exp.Literal.number(f"{float(node.name) + 1:.{decimals}f}")
        elif "jinja_" not in node.name:
            yield "constant", exp.Literal.string("mutant")


def branches(_: Template, node: Node) -> Found:
    """A branch of a ``case`` dropped, or one side of a union, or its duplicates."""
    if isinstance(node, exp.Case):
        default = node.args.get("default")
        for ifs in _each_left_out(node.args["ifs"]):
            yield "case", _with(node, ifs=ifs)
        if default is not None and not isinstance(default, exp.Null):
            yield "case", _with(node, default=None)
    elif isinstance(node, exp.Union):
        if not node.args.get("distinct"):
            yield "union", _with(node, distinct=True)
        ctes = {"with_": node.args["with_"].copy()} if node.args.get("with_") else {}
        yield "union", _with(node.this, **ctes)
        if not isinstance(node.this, exp.Union):
            yield "union", _with(node.expression, **ctes)


def orders(template: Template, node: Node) -> Found:
    """A sort key turned round or dropped; a part of ``partition by`` dropped."""
    if isinstance(node, exp.Ordered):
        if not template.jinja(node.this.name) and not isinstance(node.this, exp.Is):
            yield "sort", _with(node, desc=not node.args.get("desc"), nulls_first=None)
        if node.parent and len(node.parent.expressions) > 1:
            yield "sort", None
    elif isinstance(node, exp.Window) and (parts := node.args.get("partition_by")):
        for rest in _each_left_out(parts) if len(parts) > 1 else ([],):
            yield "key-part", _with(node, partition_by=rest)


def columns(template: Template, node: Node) -> Found:
    """A column of a select list takes the place of the next of its kind."""
    if isinstance(node.parent, exp.Select) and node.arg_key == "expressions":
        kind = _kind(template, node)
        alike = [one for one in node.parent.expressions if _kind(template, one) == kind]
        place = next(number for number, one in enumerate(alike) if one is node)
        other = alike[(place + 1) % len(alike)].unalias()
        if kind and other != node.unalias():
            yield "column", exp.alias_(other.copy(), node.alias_or_name)


def join_keys(_: Template, node: Node) -> Found:
    """Another column of the same table in a join."""
    if not isinstance(node, exp.EQ) or not node.find_ancestor(exp.Join):
        return
    for side, column in node.args.items():
        if isinstance(column, exp.Column) and column.table:
            alike = [n for n in _columns_of(node, column.table) if _class(n) == _class(column.name)]
            other = alike[(alike.index(column.name) + 1) % len(alike)]
            if other != column.name:
                yield "join-key", _with(node, **{side: exp.column(other, table=column.table)})
                return


def jinja(template: Template, node: Node) -> Found:
    """In a call of Jinja: an item of a list dropped, a call taken away, another unit of time."""
    text = template.jinja(node.name) if isinstance(node, exp.Identifier) else ""
    changes = []
    for found in re.finditer(r"\[([^][]*)\]" if text.startswith("{{") else r"$.", text):
        items = [item.strip() for item in found[1].split(",") if item.strip()]
        for item in items if len(items) > 1 else ():
            rest = ", ".join(one for one in items if one is not item)
            changes.append(("key-part", found, f"[{rest}]"))
    for found in re.finditer(r"\b(?:trimmed|without_accents)\(([^()]*)\)", text):
        changes.append(("unwrapped", found, found[1]))
    for found in re.finditer(r"""(?<=["'])(hour|day|second|minute)(?=["'])""", text):
        changes.append(("unit", found, _UNITS[found[1]]))
    for kind, found, new in changes:
        masked = template.mask(text[: found.start()] + new + text[found.end() :])
        yield kind, exp.to_identifier(masked)


MUTATORS: tuple[Callable[[Template, Node], Found], ...] = (
    *(joins, operators, clauses, calls, constants, branches, orders, columns, join_keys, jinja),
)


def _with(node: Node, **changed: object) -> Node:
    new = node.copy()
    for name, value in changed.items():
        new.set(name, value)
    return new


def _each_left_out(nodes: Sequence[Node]) -> Iterator[list[Node]]:
    """The list without each of its items; nothing for a list of one."""
    for left_out in nodes if len(nodes) > 1 else ():
        yield [node.copy() for node in nodes if node is not left_out]


def _class(name: str) -> str:
    first, last = name.partition("_")[0], name.rpartition("_")[2]
    if name.startswith("_") or first in {"is", "has", "days", "hours"}:
        return first or name
    return "date" if name.endswith("date_key") else last if last in _ENDINGS.split() else "text"


def _kind(template: Template, item: Node) -> str:
    """What kind of value a bare column of a select list has; empty for anything else."""
    value = item.unalias()
    is_column = isinstance(value, exp.Column) and not template.jinja(value.name)
    return _class(value.name) if is_column else ""


def _columns_of(node: Node, table: str) -> list[str]:
    """Columns of a table or CTE, as far as this statement shows them."""
    root = node.root()
    queries = [cte.this for cte in root.find_all(exp.CTE) if cte.alias == table]
    names = [name for one in queries if isinstance(one, exp.Query) for name in one.named_selects]
    names += [column.name for column in root.find_all(exp.Column) if column.table == table]
    return [name for name in dict.fromkeys(names) if name != "*"]
