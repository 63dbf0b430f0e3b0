"""A stub of the API of language models: it replays what a script says, good, hostile or broken."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from loopback import serving

Call = tuple[str, Any]
Step = str | bytes | Call | list[Call] | Callable[[str], Call]


class Model:
    """Answers each request with the next step: a text, calls, raw bytes, or what a function makes
    of the last result; the last step again and again."""

    def __init__(self, script: list[Step]) -> None:
        self.script, self.requests = script, list[dict[str, Any]]()

    def __enter__(self) -> "Model":
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                model.requests.append(body)
                content = model.reply(body)
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(content)

        self._serving = serving(Handler)
        self.address = f"http://{self._serving.__enter__()}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        self._serving.__exit__(None, None, None)

    @property
    def seen(self) -> list[str]:
        """All that was sent."""
        return [json.dumps(one, ensure_ascii=False) for one in self.requests]

    @property
    def results(self) -> list[str]:
        """The results of tools that were sent last."""
        return [one["content"] for one in self.requests[-1]["messages"] if one["role"] == "tool"]

    def reply(self, body: dict[str, Any]) -> bytes:
        step = self.script[min(len(self.requests), len(self.script)) - 1]
        if isinstance(step, bytes):
            return step
        if callable(step):
            step = step(self.results[-1])
        message: dict[str, Any] = {"role": "assistant", "content": None}
        if isinstance(step, str):
            message["content"] = step
        else:
            calls = step if isinstance(step, list) else [step]
            message["tool_calls"] = [
                {
                    "id": f"call_{place}",
                    "type": "function",
                    "function": {
                        "name": name,
                        "arguments": given if isinstance(given, str) else json.dumps(given),
                    },
                }
                for place, (name, given) in enumerate(calls)
            ]
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        made = {"id": "x", "object": "chat.completion", "created": 0, "model": "stub"}
        return json.dumps({**made, "choices": [choice]}).encode()


def asked(model: Model, question: str, patch: pytest.MonkeyPatch, session: str = "test") -> str:
    """What 'olist ask' says with this model."""
    from agent.ask import ask  # noqa: PLC0415

    patch.setenv("OLIST_MODEL", "stub")
    patch.setenv("OPENAI_BASE_URL", model.address)
    patch.setenv("OPENAI_API_KEY", "none")
    return ask(question, session)
