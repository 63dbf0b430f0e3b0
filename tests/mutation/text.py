"""SQL with Jinja in it as a list of tokens: enough structure to change one thing in it."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_SQL = re.compile(
    r"""(?P<comment>\{\#.*?\#\}|--[^\n]*|/\*.*?\*/)
    | (?P<open>\{\{-?|\{%-?)
    | (?P<string>(?:\b[eE])?'(?:\{\{.*?\}\}|[^'])*')
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>"[^"]+"|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    | (?P<op><=|>=|<>|!=|\|\||::|[=<>+*/%-])
    | (?P<bracket>[()\[\]])
    | (?P<other>\S)""",
    re.VERBOSE | re.DOTALL,
)
_JINJA = re.compile(
    r"""(?P<close>-?\}\}|-?%\})
    | (?P<string>"[^"]*"|'[^']*')
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    | (?P<op><=|>=|==|!=|[=<>+*/%~|-])
    | (?P<bracket>[()\[\]{}])
    | (?P<other>\S)""",
    re.VERBOSE | re.DOTALL,
)
_OPENING, _CLOSING = {"(", "[", "{"}, {")", "]", "}"}
# Words that are no column; a name with a bracket behind it is a function.
_WORDS = (
    "all and any as asc between bigint boolean by case cast cross date day desc distinct else end "
    "exists extract false for from full group having hour in inner integer interval is isodow "
    "join left like limit month not null numeric on or order outer over partition quarter right "
    "rows select text then timestamp true union using week when where window with year "
)
KEYWORDS = frozenset(_WORDS.split())


@dataclass(frozen=True)
class Token:
    """One token: where it stands, how many brackets it is in, and whether Jinja is around it."""

    kind: str
    text: str
    start: int
    end: int
    depth: int
    jinja: bool

    @property
    def word(self) -> str:
        """The lower-case word of SQL that it is, else an empty string."""
        return self.text.lower() if self.kind == "name" and not self.jinja else ""

    @property
    def is_column(self) -> bool:
        """Whether it may be the name of a column (functions are not told apart here)."""
        return bool(self.word) and self.word not in KEYWORDS

    @property
    def is_tag(self) -> bool:
        """Whether it opens or closes ``{% … %}``."""
        return self.kind in {"open", "close"} and "%" in self.text


def tokenize(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """Tokens of a part of ``text``, in order; comments and ``{{ config(…) }}`` are left out."""
    tokens: list[Token] = []
    position, depth, jinja = start, 0, False
    stop = len(text) if end is None else end
    while True:
        found = (_JINJA if jinja else _SQL).search(text, position, stop)
        if found is None:
            return list(_without_config(tokens))
        position = found.end()
        kind, piece = str(found.lastgroup), found.group()
        if kind == "comment":
            continue
        if kind == "close" or piece in _CLOSING:
            depth -= 1
        tokens.append(Token(kind, piece, found.start(), found.end(), depth, jinja))
        if kind == "open" or piece in _OPENING:
            depth += 1
        if kind in {"open", "close"}:
            jinja = kind == "open"


def _without_config(tokens: Sequence[Token]) -> Iterator[Token]:
    inside = False
    for number, token in enumerate(tokens):
        if token.kind == "open" and [after.text for after in tokens[number + 1 :][:1]] == [
            "config"
        ]:
            inside = True
        if not inside:
            yield token
        if token.kind == "close":
            inside = False


@dataclass(frozen=True)
class Unit:
    """A model, snapshot or macro: its file, and the tokens of its body."""

    file: str
    name: str
    is_macro: bool
    text: str
    tokens: Sequence[Token]

    def line(self, position: int) -> int:
        """Number of the line that a position of the file is in, from 1 on."""
        ends = [match.start() for match in re.finditer("\n", self.text)]
        return bisect_left(ends, position) + 1

    def cte(self, position: int) -> str:
        """Name of the outermost CTE around a position of the file, empty where there is none."""
        name = ""
        for number, token in enumerate(self.tokens):
            if token.start > position:
                break
            if token.text == "(" and not token.depth:
                inside = self.tokens[self.closing(number)].start >= position
                named = self.word(number - 1) == "as"
                name = self.tokens[number - 2].text if inside and named else ""
        return name

    def word(self, index: int) -> str:
        """The word of SQL at an index, empty where there is none."""
        return self.tokens[index].word if 0 <= index < len(self.tokens) else ""

    def is_open(self, index: int) -> bool:
        """Whether a round bracket opens at an index."""
        return 0 <= index < len(self.tokens) and self.tokens[index].text == "("

    def clause_end(self, index: int, *words: str) -> int:
        """Index after the clause that starts at ``index``.

        It ends before one of ``words``, before a bracket that closes around it, and before a
        statement of Jinja beside it.
        """
        depth = self.tokens[index].depth
        for number in range(index + 1, len(self.tokens)):
            token = self.tokens[number]
            if token.depth < depth or token.text == ";":
                return number
            if token.depth == depth and (token.word in words or token.is_tag):
                return number
        return len(self.tokens)

    def closing(self, index: int) -> int:
        """Index of the token that closes the bracket at ``index``."""
        depth = self.tokens[index].depth
        for number in range(index + 1, len(self.tokens)):
            if self.tokens[number].depth == depth:
                return number
        return len(self.tokens) - 1

    def items(self, first: int, end: int) -> list[tuple[int, int]]:
        """The parts between the commas of a list, as pairs of an index and the index after it."""
        if first >= end:
            return []
        depth, found, start = self.tokens[first].depth, [], first
        for number in range(first, end):
            if self.tokens[number].text == "," and self.tokens[number].depth == depth:
                found.append((start, number))
                start = number + 1
        return [pair for pair in [*found, (start, end)] if pair[0] < pair[1]]

    def slice(self, first: int, end: int) -> str:
        """The text from one token to the one before ``end``."""
        return self.text[self.tokens[first].start : self.tokens[end - 1].end]
