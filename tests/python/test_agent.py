"""Golden questions, impossible ones, the rules that answer without a model, follow-ups, the log."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("openai", reason="the agent is not installed: make agent")
from agent import find, gate, rules, tools
from agent.ask import ask
from agent.gate import ROWS
from agent.read import WORDS, read
from loaders.answers import analyses
from loaders.cli import main
from loaders.errors import LoaderError
from loaders.paths import project_root
from raw_sql import raw_sql
from warehouse import Warehouse

FOLDER = Path(__file__).parents[1] / "agent"
GOLDEN = yaml.safe_load((FOLDER / "golden.yml").read_text("utf-8"))
IMPOSSIBLE = yaml.safe_load((FOLDER / "impossible.yml").read_text("utf-8"))
PARTS = ("tuned", "held_out")
ALL = [one for part in PARTS for one in GOLDEN[part]]
Json = dict[str, Any]
RAW: dict[str, list[tuple[Any, ...]]] = {}  # by question


@pytest.fixture(scope="module", autouse=True)
def known(sample_and_real: Warehouse) -> None:
    """The values are this warehouse's."""
    rules.known.cache_clear()
    RAW.clear()


@pytest.fixture(autouse=True)
def here(
    sample_and_real: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Warehouse]:
    """The warehouse is the one in use, and the log is the test's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("OLIST_MODEL", raising=False)
    with sample_and_real.environment():
        yield sample_and_real


def call(of: Json) -> Json:
    arguments = {name: value for name, value in of.items() if name != "tool"}
    result: Json = getattr(tools, of["tool"])(**arguments)
    return result


def by_raw(warehouse: Warehouse, question: Json, tmp_path: Path) -> list[tuple[Any, ...]]:
    """The figures of a question by SQL on raw."""
    if question["ask"] in RAW:
        return RAW[question["ask"]]
    if "file" in question:
        return warehouse.query(raw_sql(project_root() / question["file"]))
    tables = ", ".join(f"{name} as ({query})" for name, query in GOLDEN["tables"].items())
    file = tmp_path / "raw.sql"
    file.write_text(f"with {tables} {question['raw']}", "utf-8")
    return RAW.setdefault(question["ask"], warehouse.query(raw_sql(file)))


def comparable(rows: list[Any], ranked: bool) -> list[list[Any]]:
    """Rows without the spelling of types; of a ranking what ranks: equals may change places."""
    plain = [[_plain(cell) for cell in row] for row in rows]
    plain = [row for row in plain if row[-1] is not None]
    return sorted(([row[-1]] for row in plain) if ranked else plain, key=repr)


def _plain(value: Any) -> Any:
    match value:
        case bool() | None:
            return value
        case int() | float() | Decimal():
            return float(f"{float(value):.9g}")
        case datetime() | date():
            return str(value)[:10]
    return value


@pytest.mark.parametrize("question", ALL, ids=lambda one: one["ask"])
def test_the_right_call_gives_what_raw_gives(
    here: Warehouse, question: Json, tmp_path: Path
) -> None:
    result = call(question["call"])
    theirs = by_raw(here, question, tmp_path)
    assert theirs
    ranked = "limit" in question["call"]
    ours = comparable(result["rows"], ranked)
    assert ours == comparable(theirs[:ROWS], ranked)


def right(question: Json) -> list[str]:
    of = question["call"]
    return question.get("right") or [of.get("name") or of["names"][0]]


@pytest.mark.parametrize("model", [True, False], ids=["embeddings", "words only"])
def test_find_puts_the_right_one_first(model: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if model and not find._model():
        pytest.skip("the embedding model is not installed")
    if not model:
        monkeypatch.setattr(find, "_vectors", lambda: None)
        find._meant.cache_clear()
    score: Counter[str] = Counter()
    for part in PARTS:
        for question in GOLDEN[part]:
            for language in {"ask", "pt"} & question.keys():
                names = [one["name"] for one in tools.find(question=question[language])["found"]]
                score[f"{part} {language}"] += 1
                score[f"{part} {language} first"] += names[0] in right(question)
                score[f"{part} {language} in five"] += bool({*names[:5]} & {*right(question)})
    find._meant.cache_clear()
    print(dict(score))
    assert score["tuned ask"] + score["held_out ask"] == 83
    assert score["tuned ask in five"] + score["held_out ask in five"] >= 79
    assert score["tuned ask first"] + score["held_out ask first"] >= 60
    assert score["tuned pt"] + score["held_out pt"] >= 20
    assert score["tuned pt in five"] + score["held_out pt in five"] >= 19
    assert score["held_out ask first"] >= 12
    assert score["held_out ask in five"] >= 15


def test_without_a_model_figures_are_right_or_not_shown(here: Warehouse, tmp_path: Path) -> None:
    score: Counter[str] = Counter()
    for part in PARTS:
        for question in GOLDEN[part]:
            for language in {"ask", "pt"} & question.keys():
                reply = rules.answer(question[language])
                if reply.result is None:
                    score[f"{part} {language} asked back"] += 1
                    assert not re.search(r"\d{3}", reply.text.partition("Nearest")[0])
                    continue
                ranked = "limit" in question["call"]
                ours = comparable(reply.result["rows"], ranked)
                theirs = comparable(by_raw(here, question, tmp_path)[:ROWS], ranked)
                assert ours == theirs, question[language]
                score[f"{part} {language} right"] += 1
    print(dict(score))
    assert score["tuned ask right"] + score["held_out ask right"] >= 56


@pytest.mark.parametrize("question", [one for part in PARTS for one in IMPOSSIBLE[part]])
def test_what_the_warehouse_cannot_answer_is_refused(question: str) -> None:
    reply = rules.answer(question)
    assert reply.result is None
    assert "cannot answer" in reply.text
    nearest = re.findall(r"^  (\w+): ", reply.text, re.M)
    known = {*find.metrics(), *find.tables(), *analyses()}
    assert nearest
    assert {*nearest} <= known


@pytest.mark.parametrize("question", yaml.safe_load((FOLDER / "doubtful.yml").read_text("utf-8")))
def test_what_is_not_clear_is_asked_back(question: str) -> None:
    reply = rules.answer(question)
    assert reply.result is None
    assert "Nearest:" in reply.text


def test_a_follow_up_works_on_the_query_before(here: Warehouse, tmp_path: Path) -> None:
    def told(question: str) -> Json:
        ask(question, "one")
        kept = json.loads((tmp_path / "olist/conversations/one.json").read_text("utf-8"))
        assert not re.search(r"select.+from", str(kept), re.I)
        last: Json = {name: value for name, value in kept["last"].items() if value}
        return last

    year = {"start": "2018-01-01", "end": "2018-12-31"}
    state = "customer_geography__state_code"
    assert told("How many orders in 2018?") == {"names": ["orders"], **year}
    assert told("and by state?") == {"names": ["orders"], "by": [state], **year}
    assert told("what about revenue instead?") == {"names": ["revenue"], "by": [state], **year}
    assert told("only the top 3") == {
        **{"names": ["revenue"], "by": [state], "order": ["-revenue"], "limit": 3},
        **year,
    }
    assert told("e em 2017?")["start"] == "2017-01-01"
    assert told("what about sellers instead?")["by"] == ["seller_geography__state_code"]
    assert told("How many customers do we have?") == {"names": ["customers"]}
    ask("How many orders in 2018?", "two", new=True)
    assert "Nearest" in ask("and by moon phase?", "two")
    # A model's query need not have all parts.
    reply = rules.answer("what about sellers instead?", {"names": ["revenue"]})
    assert reply.call == {"tool": "metrics", "names": ["active_sellers"], "by": [], "where": {}}


def test_the_largest_come_first_where_no_order_is_asked(here: Warehouse) -> None:
    reply = rules.answer("revenue by seller")
    assert reply.result
    assert figures(reply.result) == sorted(figures(reply.result), reverse=True)
    ((largest,),) = here.query(
        "select max(revenue)::float from ("
        "select sum(price) as revenue from marts.fct_order_items group by seller_key) as sellers"
    )
    assert figures(reply.result)[0] == largest
    assert "in the order of -revenue, seller__seller_id." in reply.text
    months = [row[0] for row in tools.metrics(names=["revenue"], by=["metric_time__month"])["rows"]]
    assert months == sorted(months)


def figures(result: Json) -> list[float]:
    return [row[-1] for row in result["rows"]]


@pytest.mark.parametrize(
    ("column", "written"),
    [
        ((2212487.0, 906199.81, None), ["2,212,487.00", "906,199.81", None]),
        ((8.0, 8.25), ["8.00", "8.25"]),
        ((0.0, 0.0677, 1.0), ["0.0000", "0.0677", "1.0000"]),
        ((-0.0463, -2.02), ["-0.0463", "-2.0200"]),
        ((99441, 5), [99441, 5]),
        (("NaN", 0.5, 2), ["NaN", "0.50", "2.00"]),
    ],
)
def test_the_figures_of_a_column_are_written_alike(
    column: tuple[Any, ...], written: list[Any]
) -> None:
    assert rules._figures(column) == written


def test_an_amount_without_cents_is_an_amount() -> None:
    """As a figure alone in its column, too; a count is none."""
    query = "select 8.00, sum(1::bigint), 2 from fct_orders limit 1"
    ((amount, count, whole),) = tools.sql(query=query)["rows"]
    assert [*map(type, (amount, count, whole))] == [float, int, int]
    assert rules._figures((amount,)) == ["8.00"]


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("orders by category", "orders_with_items"),
        ("average order value by category", "revenue_per_order"),
        ("late share by payment type", None),
    ],
)
def test_what_a_metric_is_not_known_by_is_said_with_the_nearest_that_are(
    question: str, best: str | None
) -> None:
    text = rules.answer(question).text
    assert "is not known by" in text
    listed = re.findall(r"^  (\w+): ", text, re.M)
    assert listed[0] == (best or listed[0])
    assert 0 < len(listed) <= 4


def test_every_call_is_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tools.metrics(names=["revenue"])
    with pytest.raises(LoaderError):
        tools.sql(query="delete from marts.fct_orders")
    file = tmp_path / "olist" / "calls.jsonl"
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [line["tool"] for line in lines] == ["metrics", "sql"]
    assert lines[0]["rows"] == 1
    assert lines[1]["error"].startswith("refused")
    assert lines[1]["arguments"] == {"query": "delete from marts.fct_orders"}
    assert all({"at", "who", "milliseconds"} <= line.keys() for line in lines)
    assert file.stat().st_mode & 0o777 == 0o600
    # So are those that fail for a reason that nobody thought of.
    monkeypatch.setattr(gate, "run", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tools.sql(query="select 1")
    assert json.loads(file.read_text("utf-8").splitlines()[-1])["error"] == "ZeroDivisionError"


def test_tools_say_what_they_are_of() -> None:
    result = tools.metrics(names=["late_share"], by=["metric_time__year"])
    assert result["units"] == {"late_share": "fraction"}
    assert "docs/metrics.md#late-share" in result["definition"]["late_share"]
    assert '"marts"."fct_orders"' in result["sql"]
    assert result["batch"] == 1
    told = tools.describe(table="marts.fct_orders")
    assert told["key"] == "order_id"
    assert told["leads_to"]["customer_key"] == "dim_customers.customer_key"
    assert told["traps"]
    rows = tools.report(name="rpt_delivery_by_state", where={"state_code": ["SP"]}, limit=5)
    assert len(rows["rows"]) == 1
    assert "ad hoc" in tools.sql(query="select count(*) from fct_orders")["note"]
    assert tools.sql(query="select 'Infinity'::numeric, 'NaN'::numeric, '-Infinity'::float, 2.0")[
        "rows"
    ] == [["Infinity", "NaN", "-Infinity", 2]]
    assert "# Metrics" in tools.read(document="docs/metrics.md")["text"]
    for name in analyses():
        assert tools.answer(name=name)["rows"]


def test_the_vocabulary_names_what_there_is() -> None:
    known = {*find.metrics(), *find.tables(), *analyses()}
    names = {*WORDS["answers"], *WORDS["lower_is_better"], *WORDS["grain"]}
    names |= {name for one in WORDS["missing"].values() for name in one["nearest"]}
    assert names <= known
    words = {word for key in WORDS["words"] for word in key.split()}
    sets = " ".join(one for sets in WORDS["answers"].values() for one in sets)
    assert {*re.sub("[()]", "", sets).split()} <= words
    said = [phrase for phrases in WORDS["words"].values() for phrase in phrases]
    assert not [phrase for phrase, count in Counter(said).items() if count > 1]
    grains = ("day", "week", "month", "quarter", "year")
    listed = {one.name for one in find.everything() if one.kind == "dimension"}
    listed |= {f"metric_time__{grain}" for grain in grains}
    assert {
        one for key in (*WORDS["dimensions"], *WORDS["values"]) for one in key.split()
    } <= listed


def test_the_command_answers_and_says_what_is_wrong(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["ask", "--new", "How", "many", "orders", "were", "canceled?"]) == 0
    printed = capsys.readouterr().out
    assert "Understood: canceled_orders" in printed
    assert "batch 1" in printed
    monkeypatch.setenv("PGPORT", "1")
    assert main(["ask", "How many orders?"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("said", "start", "end"),
    [
        ("in 2017", "2017-01-01", "2017-12-31"),
        ("March 2018", "2018-03-01", "2018-03-31"),
        ("em março de 2018", "2018-03-01", "2018-03-31"),
        ("in Q2 2018", "2018-04-01", "2018-06-30"),
        ("no segundo semestre de 2017", "2017-07-01", "2017-12-31"),
        ("from March to May 2018", "2018-03-01", "2018-05-31"),
        ("entre janeiro e junho de 2018", "2018-01-01", "2018-06-30"),
        ("between 2017-11-20 and 2017-11-26", "2017-11-20", "2017-11-26"),
        ("on 24 November 2017", "2017-11-24", "2017-11-24"),
        ("since February 2018", "2018-02-01", "None"),
        ("before 2018", "None", "2017-12-31"),
        ("desde 2018", "2018-01-01", "None"),
        ("in 02/2018", "2018-02-01", "2018-02-28"),
    ],
)
def test_periods(said: str, start: str, end: str) -> None:
    reading = read(f"orders {said}", {})
    assert (str(reading.start), str(reading.end)) == (start, end)
    assert reading.words == {"order"}
    assert not reading.unknown + reading.doubts


def test_figures_are_fast() -> None:
    seconds: dict[str, list[float]] = {"find": [], "metrics": []}
    for question in ALL:
        began = time.perf_counter()
        tools.find(question=question["ask"])
        seconds["find"].append(time.perf_counter() - began)
        if question["call"]["tool"] == "metrics":
            began = time.perf_counter()
            call(question["call"])
            seconds["metrics"].append(time.perf_counter() - began)
    p95 = {name: sorted(all_)[int(len(all_) * 0.95)] for name, all_ in seconds.items()}
    print({name: f"{1000 * value:.0f} ms" for name, value in p95.items()})
    assert p95["find"] < 1  # generous: other tests run beside it
    assert p95["metrics"] < 5
