"""SQL with Jinja in it as a tree of sqlglot: Jinja is masked by names, and put back later."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

logging.getLogger("sqlglot").setLevel(logging.ERROR)  # what it cannot read is left out

_JINJA = re.compile(
    r"""\{\#.*?\#\}|--[^\n]*|\{\{(?:"[^"]*"|'[^']*'|(?!\}\}).)*\}\}"""
    r"|\{%-?\s*(?P<word>\w+)(?P<rest>.*?)-?%\}",
    re.DOTALL,
)
_MASK = re.compile(r"(?:OFFSET\s+clause|jinja)_(\d+)_|items_(\d+)_\s*,")
# After one of these an expression begins; after anything else Jinja stands for a whole clause.
_BEFORE_EXPRESSION = re.compile(
    r"(?:^\s*|[^\s]|[(,=<>+*/|-]\s*|\b(?:all|and|as|between|by|case|distinct|else|from|having|in|is"
    r"|join|like|not|offset|on|or|select|then|union|using|when|where)\s*)$",
    re.IGNORECASE,
)
# What makes a statement of a macro's body: it is all of a select list, a condition, sort keys.
_FRAMES = ("", "SELECT ", "SELECT 1 AS one FROM one WHERE ", "SELECT 1 AS one FROM one ORDER BY ")


@dataclass
class Template:
    """A part of a file, between ``start`` and ``end``: its tree, and the Jinja masked in it."""

    start: int
    end: int
    frame: str
    tree: exp.Expr
    masked: list[str]

    def mask(self, jinja: str) -> str:
        """A name that ``text`` replaces with ``jinja``."""
        self.masked.append(jinja)
        return f"jinja_{len(self.masked) - 1}_"

    def jinja(self, name: str) -> str:
        """The Jinja that a whole name stands for, empty where it is a name of SQL."""
        found = re.fullmatch(r"(?:jinja|clause)_(\d+)_", name)
        return self.masked[int(found[1])] if found else ""

    def text(self, tree: exp.Expr) -> str:
        """SQL with Jinja, of the whole tree or of a part of it."""
        return _MASK.sub(lambda found: self.masked[int(found[1] or found[2])], _sql(tree))

    def is_framed(self, node: exp.Expr) -> bool:
        """Whether a node is of the frame, and not of the file."""
        if not self.frame:
            return False
        is_top = node.parent is None or (node.parent is self.tree and node.arg_key != "expressions")
        return is_top or (
            self.frame != "SELECT " and node.find_ancestor(exp.Alias, exp.From) is not None
        )


def read(text: str, start: int, end: int) -> Template | None:
    """The SQL between two positions of a file; None where there is none that sqlglot can read.

    What stands before it (comments, ``config``, ``set``) is left out of the part.
    """
    for found in _JINJA.finditer(text, start, end):
        is_set = found["word"] == "set" and "=" in found["rest"]
        is_head = is_set or found[0].startswith(("{#", "--")) or "config(" in found[0]
        if text[start : found.start()].strip() or not is_head:
            break
        start = found.end()
    pieces = list(_pieces(text, start, end))
    masked = [piece for piece, is_jinja in pieces if is_jinja]
    for frame in _FRAMES if start else _FRAMES[:1]:
        try:
            trees = sqlglot.parse(frame + _masked(pieces), dialect="postgres")
            again = [sqlglot.parse_one(_sql(tree), dialect="postgres") for tree in trees if tree]
        except SqlglotError:
            continue
        tree = trees[0]
        # written and read again it is the same, with every piece of Jinja in it once
        if len(again) != 1 or not isinstance(tree, exp.Query) or _sql(again[0]) != _sql(tree):
            continue
        names = sorted(int(one or other) for one, other in _MASK.findall(_sql(tree)))
        # `a desc` in a select list reads as `a as desc`
        is_sort = frame == "SELECT " and any(item.alias == "desc" for item in tree.selects)
        if not is_sort and _sql(tree).startswith(frame) and names == list(range(len(masked))):
            return Template(start, end, frame, tree, masked)
    return None


def _sql(tree: exp.Expr) -> str:
    return tree.sql("postgres", comments=False, normalize_functions=False)


def _pieces(text: str, position: int, end: int) -> Iterator[tuple[str, bool]]:
    """Pieces of SQL and of Jinja in turn; a block is one piece; comments are left out."""
    level = opened = 0
    for found in _JINJA.finditer(text, position, end):
        word = found["word"] or ""
        opens = word in {"if", "for", "call"} or (word == "set" and "=" not in found["rest"])
        if level == 0:
            yield text[position : found.start()], False
            position = opened = found.start() if opens else found.end()
            if not opens and not found[0].startswith(("{#", "--")):
                yield found[0], True
        level += opens - word.startswith("end")
        if level == 0 and word.startswith("end"):
            position = found.end()
            yield f"\n{text[opened:position]}\n", True
    yield text[position:end], False


def _masked(pieces: list[tuple[str, bool]]) -> str:
    sql, number = "", 0
    for piece, is_jinja in pieces:
        if not is_jinja:
            sql += piece
            continue
        if re.search(r",\s*\{%-?\s*endfor\s*-?%\}\s*$", piece):
            sql += f"items_{number}_,"
        elif sql.count("'") % 2 or _BEFORE_EXPRESSION.search(sql):
            sql += f"jinja_{number}_"
        else:
            sql += f" offset clause_{number}_ "
        number += 1
    return sql
