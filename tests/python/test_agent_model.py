"""`olist ask` with a model: a stub that replays tool calls, also hostile and broken ones."""

import io
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("openai", reason="the agent is not installed: make agent")
from agent import ask as asking
from agent.ask import Conversation, invented
from agent_model import Model, Step, asked
from loaders.cli import main
from loaders.errors import LoaderError
from warehouse import Warehouse

ORDERS: Step = ("metrics", {"names": ["orders"]})


@pytest.fixture(autouse=True)
def here(built: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The warehouse is the one in use."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with built.environment():
        yield


def test_it_calls_tools_and_its_numbers_are_theirs(
    built: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    ((orders,),) = built.query("select count(*) from marts.fct_orders")
    said = f"There were {orders:,} orders (metric orders, batch 1)."
    with Model([("find", {"question": "orders"}), ORDERS, said]) as model:
        assert asked(model, "How many orders?", monkeypatch) == said
        first = model.requests[0]
        assert {tool["function"]["name"] for tool in first["tools"]} >= {"metrics", "sql"}
        assert [message["role"] for message in first["messages"]] == ["system", "user"]
        # A follow-up knows the words before, the query, and the figures.
        assert asked(model, "Say it again", monkeypatch) == said
        sent = model.requests[-1]["messages"]
        assert [message["content"] for message in sent[1:]] == [
            "How many orders?",
            said,
            "Say it again",
        ]
        assert '"names": ["orders"]' in sent[0]["content"]
    assert (tmp_path / "olist" / "calls.jsonl").read_text("utf-8").count("\n") == 2


def test_sql_is_never_kept_as_an_example(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    query = "select count(*) from marts.fct_sellers where x"
    said = f"I could not.\n```sql\n{query}\n```\nI tried {query};\nSorry."
    with Model([("sql", {"query": query}), said, "No."]) as model:
        asked(model, "How many sellers?", monkeypatch)
        asked(model, "And now?", monkeypatch)
        assert "marts.fct_sellers" not in json.dumps(model.requests[-1]["messages"])
    kept = (tmp_path / "olist" / "conversations" / "test.json").read_text("utf-8")
    assert "fct_sellers" not in kept
    assert "Sorry." in kept


@pytest.mark.parametrize(
    "wrong",
    [
        "There were 123,456,789 orders.",
        "About 87.65 % were late.",
        "Roughly two million orders.",
        "Revenue grew by 1.234.567,89 reais.",
        "They were 4,999.",
        "Orders: 1e9.",
    ],
)
def test_an_invented_number_is_not_shown(
    wrong: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Model([ORDERS, wrong]) as model:
        with pytest.raises(LoaderError, match="no tool gave"):
            asked(model, "How many orders?", monkeypatch)
        # It was told once, and could have answered anew.
        assert "No result of a tool has" in model.seen[-1]
        assert len(model.requests) == 3
    with Model([wrong, ORDERS, "I see."]) as model:
        assert asked(model, "How many orders?", monkeypatch) == "I see."


@pytest.mark.parametrize(
    "call",
    [
        ("metrics", {"names": ["orders_1234567"]}),
        ("sql", {"query": "select count(*) from marts.fct_orders where order_id <> '1234567'"}),
    ],
    ids=["in a refusal", "in SQL"],
)
def test_a_number_that_the_model_wrote_is_not_a_result(
    call: Step, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Model([call, "There were 1,234,567 orders."]) as model:
        with pytest.raises(LoaderError, match="no tool gave"):
            asked(model, "How many orders?", monkeypatch)
        assert "1234567" in model.results[0]


def test_the_period_of_a_metric_may_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with Model([("metrics", {"names": ["orders"], "start": "1999-01-01"}), "From 1999."]) as model:
        assert asked(model, "How many orders since 1999?", monkeypatch) == "From 1999."


@pytest.mark.parametrize(
    ("text", "results", "wrong"),
    [
        ("R$ 13,591,643.70", ["[13591643.7]"], []),
        ("R$ 13.591.643,70", ["[13591643.7]"], []),
        ("13.6 million", ["[13591643.7]"], []),
        ("13,6 milhões", ["[13591643.7]"], []),
        ("6.77 %, or 6.8%", ["[0.067732]"], []),
        ("12.56 days", ["[12.558217]"], []),
        ("in 2017-11", ["2017-11-01"], []),
        ("7 %", ["[0.0677]"], ["7 %"]),
        ("13.7 million", ["[13591643.7]"], ["13.7 million"]),
        ("3 sellers", ["[2.8533]"], ["3 sellers"]),
        ("the third of 5", ["[5]"], []),
        ("fifty thousand", ["[50000]"], ["fifty", "thousand"]),
        ("see rpt_x2 and p95", ["[1]"], []),
        ("-4.2", ["[4.2]"], ["-4.2"]),
        ("½ of ٣", ["[1]"], ["½", "٣"]),
    ],
)
def test_which_numbers_are_invented(text: str, results: list[str], wrong: list[str]) -> None:
    assert invented(text, results) == wrong


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ([ORDERS], "called tools 8 times"),
        ([[ORDERS] * 50], "called tools 8 times"),
        ([""], "empty answer"),
        ([b""], "cannot be used"),
        ([b"<html>502</html>"], "cannot be used"),
        ([b"{}"], "cannot be used"),
        ([b'{"choices": []}'], "cannot be used"),
        ([b'{"choices": [{"message": null}]}'], "cannot be used"),
        ([b'{"choices": [{"message": {"tool_calls": [{}]}}]}'], "cannot be used"),
        ([b'{"choices": 7}'], "cannot be used"),
        ([b'{"error": {"message": "quota"}}'], "cannot be used"),
        ([b'{"choices": [{"message": {"tool_calls": 3}}]}'], "cannot be used"),
    ],
)
def test_loops_and_broken_answers_end_in_one_sentence(
    script: list[Step],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Model(script) as model:
        monkeypatch.setenv("OLIST_MODEL", "stub")
        monkeypatch.setenv("OPENAI_BASE_URL", model.address)
        assert main(["ask", "--new", "How many orders?"]) == 1
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1
    assert len(told) < 500


@pytest.mark.parametrize(
    "call",
    [
        ("metrics", "{not json"),
        ("metrics", '["revenue"]'),
        ("metrics", "7"),
        ("metrics", '{"names": "revenue; drop table"}'),
        ("metrics", '{"names": ["no such"]}'),
        ("drop_everything", {}),
        ("__import__", {"name": "os"}),
        ("sql", {"query": "commit; drop table marts.fct_orders; select 1"}),
        ("sql", {"query": "select pg_sleep(60)"}),
        ("read", {"document": "../../../etc/passwd"}),
        ("read", {"document": "\x00"}),
        ("find", {"question": "x" * 100_000, "more": 1}),
    ],
)
def test_a_bad_call_is_told_to_the_model(call: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    with Model([call, "I cannot."]) as model:
        assert asked(model, "Break it", monkeypatch) == "I cannot."
        (result,) = model.results
        assert "Traceback" not in result
        assert "root:" not in result
        assert result.startswith("Refused") or "found" in result


def test_time_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SECONDS", 1)

    class Slow(Model):
        def reply(self, body: object) -> bytes:
            time.sleep(3)
            return b"{}"

    with Slow(["x"]) as model, pytest.raises(LoaderError):
        asked(model, "How many orders?", monkeypatch)
    assert len(model.requests) == 1


def test_no_tool_is_called_after_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []

    def slow(*call: object) -> tuple[str, str]:
        called.append(call)
        time.sleep(3)
        return "", ""

    monkeypatch.setattr(asking, "SECONDS", 2)
    monkeypatch.setattr(asking, "_call", slow)
    calls: Step = [("find", {"question": "orders"})] * 2
    with Model([calls]) as model, pytest.raises(LoaderError, match="within 2 seconds"):
        asked(model, "How many orders?", monkeypatch)
    assert len(called) == 1


def test_nobody_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OLIST_MODEL", "stub")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert main(["ask", "--new", "How many orders?"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_password_is_not_printed_at_the_prompt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OLIST_MODEL", "stub")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://me:hunter2@127.0.0.1:1/v1")
    monkeypatch.setattr("sys.stdin", io.StringIO("How many orders?\n"))
    assert main(["ask", "--new"]) == 0
    printed = capsys.readouterr().out
    assert "cannot be used" in printed
    assert "hunter2" not in printed


def test_a_conversation_lasts_a_day_and_a_damaged_one_is_new(tmp_path: Path) -> None:
    file = tmp_path / "conversations" / "one.json"
    Conversation(file).add("Why?", "So.")
    assert Conversation(file).turns == [["Why?", "So."]]
    assert [*file.parent.iterdir()] == [file]
    file.write_text(file.read_text("utf-8")[:20], "utf-8")
    assert Conversation(file).turns == []
    yesterday = time.time() - 90_000
    os.utime(file, (yesterday, yesterday))
    Conversation(file.with_name("two.json"))
    assert not file.exists()


@pytest.mark.parametrize("blocked", ["olist", "olist/conversations", "olist/calls.jsonl/x"])
def test_a_log_that_cannot_be_kept_ends_in_one_sentence(
    blocked: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    """Whatever is in the way, here a file for a folder or a folder for a file."""
    monkeypatch.delenv("OLIST_MODEL", raising=False)
    (tmp_path / blocked).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / blocked).touch()
    assert main(["ask", "How many orders?"]) == 1
    told = capsys.readouterr().err
    assert "cannot be kept" in told
    assert told.count("\n") == 1


def test_what_moves_a_terminal_is_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with Model(["a\x1b]x\x07b\x1b[Jc"]) as model:
        assert asked(model, "x", monkeypatch) == "a]xb[Jc"


def test_nothing_but_the_conversation_leaves_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """What docs/agent.md says: instructions, tools, questions, answers, results."""
    with Model([ORDERS, "Done."]) as model:
        asked(model, "How many orders?", monkeypatch)
        for body in model.requests:
            assert body.keys() == {"messages", "model", "tools"}
        sent = "".join(model.seen)
        for secret in (
            "PGPASSWORD",
            "postgresql://",
            "OPENAI_API_KEY",
            str(Path.home() / ".local"),
        ):
            assert secret not in sent
