"""``olist ask``: a conversation, answered by rules, or by a model that calls the tools."""

import asyncio
import json
import os
import re
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from loaders.errors import LoaderError, redact, shown

Json = dict[str, Any]
ROUNDS, CALLS, SECONDS, LETTERS = 8, 8, 120, 20_000
ANTHROPIC = "https://api.anthropic.com/v1/"
_DAY = 86_400
_DIGITS_OF_SHARES, _DIGITS_ELSE = 2, 3  # as many at least has a rounded number
_SCALES: dict[str, Decimal] = {
    "%": Decimal(100),
    **dict.fromkeys(("thousand", "mil", "k"), Decimal("1e-3")),
    **dict.fromkeys(("million", "millions", "m", "milhão", "milhões"), Decimal("1e-6")),
    **dict.fromkeys(("billion", "bn", "bilhões"), Decimal("1e-9")),
}
_DIGITS = r"(?:(?<!\d)-)?\d[\d.,]*(?:e[+-]?\d+)?"
_NUMBER = re.compile(rf"(?<![\w.,])({_DIGITS})(?:\s?(%|[a-zã-ỹ]+))?", re.IGNORECASE)
_SPELLED = re.compile(
    r"[¼½¾⅓⅔]|(?<!\d)(?<!\d\s)\b(?:eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
    r"|hundreds?|thousands?|millions?|billions?|dozens?|vinte|trinta|cem|mil|milh(?:ão|ões))\b",
    re.IGNORECASE,
)


class Conversation:
    """Questions and answers of a session, the last query's structure, figures that tools gave.

    SQL is not kept: an earlier mistake must be no example.
    """

    def __init__(self, file: Path, *, new: bool = False) -> None:
        self.file = file
        for old in file.parent.glob("*"):
            with suppress(FileNotFoundError):  # another process was faster
                if time.time() - old.stat().st_mtime > _DAY:
                    old.unlink()
        kept: Json = {}
        if not new and file.exists():
            with suppress(ValueError):  # a damaged file is as none
                kept = json.loads(file.read_text("utf-8"))
        self.turns: list[list[str]] = kept.get("turns", [])
        self.last: Json | None = kept.get("last")
        self.figures: list[str] = kept.get("figures", [])

    def add(self, question: str, answer: str) -> None:
        """Keep a turn, without what it has of SQL."""
        said = re.sub(r"```.*?(```|$)", "", answer, flags=re.DOTALL)
        said = re.sub(r"(?is)\bselect\b.*?\bfrom\b.*?(;|\n\n|$)", "", said)
        self.turns = [*self.turns, [question, said.strip()]][-20:]
        kept = {"turns": self.turns, "last": self.last, "figures": self.figures[-5000:]}
        self.file.parent.mkdir(mode=0o700, exist_ok=True)
        part = self.file.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(kept, default=str), "utf-8")
        part.replace(self.file)


def ask(question: str, session: str = "", *, new: bool = False) -> str:
    """Answer one question of a session: by the model that is set, else by rules."""
    from agent import rules, tools  # noqa: PLC0415 - they take a second

    name = re.sub(r"\W+", "_", session) or f"terminal_{os.getsid(0)}"
    with tools.state_folder() as folder:
        talk = Conversation(folder / "conversations" / f"{name}.json", new=new)
    if os.environ.get("OLIST_MODEL"):
        answer = _by_model(question, talk)
    else:
        reply = rules.answer(question, talk.last)
        answer = reply.text
        if reply.call and reply.call["tool"] == "metrics":
            talk.last = {key: value for key, value in reply.call.items() if key != "tool"}
    with tools.state_folder():
        talk.add(question, answer)
    # A text of the data may hold what moves a terminal's cursor.
    return "".join(letter for letter in answer if letter.isprintable() or letter == "\n")


def prompt(question: str, session: str, *, new: bool) -> None:
    """Answer one question, or those that are typed until the input ends."""
    if question:
        print(ask(question, session, new=new))
        return
    while True:
        try:
            question = input("? ").strip()
        except EOFError:
            return
        if question:
            try:
                print(ask(question, session, new=new), end="\n\n")
            except LoaderError as error:
                print(f"olist: {redact(str(error))}", end="\n\n")
            new = False


def _by_model(question: str, talk: Conversation) -> str:
    """Let the model call tools until it answers; every number in its answer is one of theirs."""
    import openai  # noqa: PLC0415

    from agent.server import INSTRUCTIONS, server  # noqa: PLC0415

    key, address = os.environ.get("OPENAI_API_KEY"), os.environ.get("OPENAI_BASE_URL")
    if not key and not address and (key := os.environ.get("ANTHROPIC_API_KEY")):
        address = ANTHROPIC
    client = openai.OpenAI(api_key=key or "none", base_url=address, max_retries=0)
    made = server()
    offered = [
        {
            "type": "function",
            "function": {
                "name": one.name,
                "description": one.description,
                "parameters": one.input_schema,
            },
        }
        for one in asyncio.run(made.list_tools())
    ]
    last = (
        f"\nThe last query was metrics({json.dumps(talk.last, default=str)})." if talk.last else ""
    )
    messages: list[Any] = [{"role": "system", "content": INSTRUCTIONS + last}]
    for asked, answered in talk.turns[-6:]:
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
    messages.append({"role": "user", "content": question})
    until, results, corrected = time.monotonic() + SECONDS, list[str](), False
    for _ in range(ROUNDS):
        try:
            reply = client.with_options(timeout=_left(until)).chat.completions.create(
                model=os.environ["OLIST_MODEL"],
                messages=messages,
                tools=offered,
            )
            message: Any = reply.choices[0].message
            calls = [
                (one.id, one.function.name, one.function.arguments)
                for one in message.tool_calls or ()
            ]
            text = str(message.content or "")
        except (openai.OpenAIError, AttributeError, LookupError, TypeError, ValueError) as error:
            reason = shown(" ".join(str(error).split()), 150)
            raise LoaderError(f"the model at {client.base_url} cannot be used: {reason}") from error
        if not calls:
            if not text.strip():
                raise LoaderError("the model gave an empty answer.")
            wrong = invented(text, [*talk.figures, *results])
            if not wrong:
                talk.figures += sorted({one for result in results for one in _digits(result)})
                return text
            if corrected:
                raise LoaderError(
                    f"the model's answer is not shown: no tool gave its {', '.join(wrong[:5])}."
                )
            corrected = True
            hint = f"No result of a tool has {', '.join(wrong)}: use their numbers only."
            messages += [{"role": "assistant", "content": text}, {"role": "user", "content": hint}]
            continue
        messages.append(
            {
                "role": "assistant",
                "content": text,
                "tool_calls": [
                    {
                        "id": str(one),
                        "type": "function",
                        "function": {"name": str(name), "arguments": str(given)},
                    }
                    for one, name, given in calls
                ],
            }
        )
        for place, (one, name, given) in enumerate(calls):
            _left(until)
            said, result = "Too many calls at once.", ""
            if place < CALLS:
                said, result = _call(made, name, given, talk)
            results.append(result)
            messages.append({"role": "tool", "tool_call_id": str(one), "content": said[:LETTERS]})
    raise LoaderError(f"the model called tools {ROUNDS} times and gave no answer.")


def _left(until: float) -> float:
    """The seconds that are left, if any."""
    left = until - time.monotonic()
    if left <= 0:
        raise LoaderError(f"the model gave no answer within {SECONDS} seconds.")
    return left


def _call(made: Any, name: str, given: str, talk: Conversation) -> tuple[str, str]:
    """What a tool says to a call, or what was wrong with it; and the result without its SQL.

    Numbers in a refusal or in SQL may be the model's own.
    """
    from mcp.server.mcpserver.exceptions import ToolError  # noqa: PLC0415

    try:
        arguments = json.loads(given or "{}")
        result = asyncio.run(made.call_tool(str(name), arguments))
        if name == "metrics":
            talk.last = arguments
    except (ToolError, TypeError, ValueError) as error:
        return f"Refused: {shown(' '.join(str(error).split()), 500)}", ""
    text = "\n".join(str(one.text) for one in result.content)
    data = {key: value for key, value in result.structured_content.items() if key != "sql"}
    return text, json.dumps(data, ensure_ascii=False)


def invented(text: str, results: list[str]) -> list[str]:
    """The numbers of a text that no result has, exactly or rounded.

    Rounded is to three digits or more, percentages to two.
    """
    known = {value for result in results for one in _digits(result) for value in _values(one)}
    wrong = [one[0] for one in _SPELLED.finditer(text)]
    for one in _NUMBER.finditer(text):
        scale = _SCALES.get((one[2] or "").lower(), Decimal(1))
        if not any(_is(value, scale, known) for value in _values(one[1])):
            wrong.append(one[0].strip())
    return wrong


def _digits(text: str) -> list[str]:
    return re.findall(_DIGITS, text, re.IGNORECASE)


def _values(text: str) -> set[Decimal]:
    """What a number may be: 1,234.5 as in English, 1.234,5 as in Portuguese."""
    found = set()
    text = text.rstrip(".,")
    for thousands, point in ((",", "."), (".", ",")):
        plain = text.replace(thousands, "").replace(point, ".")
        if plain.count(".") <= 1 and re.fullmatch(
            rf"-?(\d+|\d{{1,3}}(\{thousands}\d{{3}})+)(\{point}\d*)?(e[+-]?\d+)?",
            text,
            re.IGNORECASE,
        ):
            found.add(Decimal(plain))
    return found


def _is(value: Decimal, scale: Decimal, known: set[Decimal]) -> bool:
    if value in known and scale >= 1:
        return True
    digits, exponent = len(value.as_tuple().digits), int(value.as_tuple().exponent)
    if digits < (_DIGITS_OF_SHARES if scale > 1 else _DIGITS_ELSE):
        return False
    step = Decimal(1).scaleb(min(exponent, 0))
    return any(abs(one * scale - value) <= step / 2 for one in known)
