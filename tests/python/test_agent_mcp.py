"""A real MCP client, over standard input and output and over HTTP, lists and calls every tool."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="the agent is not installed: make agent")
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from loaders import dbt
from loaders.paths import project_root
from warehouse import Warehouse

CALLS: dict[str, dict[str, Any]] = {
    "find": {"question": "share of late orders"},
    "metrics": {"names": ["revenue"], "by": ["metric_time__year"], "start": "2017-01-01"},
    "report": {"name": "rpt_monthly_sales", "columns": ["revenue"], "limit": 2},
    "answer": {"name": "order_funnel"},
    "describe": {"table": "fct_orders"},
    "read": {"document": "docs/metrics.md"},
    "sql": {"query": "select count(*) from marts.fct_orders"},
}
BAD: list[tuple[str, dict[str, Any], str]] = [
    ("metrics", {}, "names"),
    ("metrics", {"names": "revenue"}, "list"),
    ("metrics", {"names": ["revenue"], "limit": "many"}, "limit"),
    ("metrics", {"names": ["revenue"], "start": "some day"}, "start"),
    ("metrics", {"names": ["revenue"], "where": ["x"]}, "where"),
    ("sql", {"query": 1}, "query"),
    ("find", {"question": None}, "question"),
    ("metrics", {"names": ["revenu"]}, "the nearest is 'revenue'"),
    ("sql", {"query": "delete from marts.fct_orders"}, "Allowed is one SELECT"),
    ("read", {"document": "/etc/passwd"}, "no document"),
]


@pytest.fixture
def environment(built: Warehouse, tmp_path: Path) -> dict[str, str]:
    """Variables of a server that starts in this warehouse."""
    return {**os.environ, **built.variables, "XDG_STATE_HOME": str(tmp_path)}


@pytest.fixture
def address(environment: dict[str, str]) -> Iterator[str]:
    """The server over HTTP."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "loaders", "mcp", "--http", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, cwd=project_root())
    try:
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.wait(10)


@asynccontextmanager
async def over_stdio(environment: dict[str, str]) -> AsyncIterator[Client]:
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "loaders", "mcp"], env=environment, cwd=project_root()
    )
    async with Client(stdio_client(command)) as client:
        yield client


async def _all_of_it(client: Client) -> None:
    listed = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert listed.keys() == CALLS.keys()
    for name, arguments in CALLS.items():
        assert listed[name].description
        assert listed[name].input_schema["properties"].keys() >= arguments.keys()
        result = await client.call_tool(name, arguments)
        assert not result.is_error, result
        assert result.structured_content
    figures = await client.call_tool("metrics", {"names": ["orders"]})
    same = await client.call_tool("sql", CALLS["sql"])
    assert figures.structured_content
    assert same.structured_content
    assert figures.structured_content["rows"] == same.structured_content["rows"]
    for name, arguments, words in BAD:
        refused = await client.call_tool(name, arguments)
        assert refused.is_error, name
        assert words in refused.content[0].text
        assert "Traceback" not in str(refused.content)
    documents = {str(one.uri) for one in (await client.list_resources()).resources}
    assert "olist://documents/docs/metrics.md" in documents
    text = await client.read_resource("olist://documents/docs/metrics.md")
    assert "# Metrics" in text.contents[0].text
    prompts = (await client.list_prompts()).prompts
    assert len(prompts) >= 3
    assert not any(one.arguments for one in prompts)
    for one in prompts:
        (message,) = (await client.get_prompt(one.name)).messages
        assert message.content.text == one.description


def test_over_standard_input_and_output(environment: dict[str, str], tmp_path: Path) -> None:
    async def run() -> float:
        began = time.monotonic()
        async with over_stdio(environment) as client:
            await client.list_tools()
            started = time.monotonic() - began
            await _all_of_it(client)
        return started

    started = asyncio.run(run())
    print(f"started in {started:.1f} s")
    assert started < 20  # 3 s on a quiet machine
    log = (tmp_path / "olist" / "calls.jsonl").read_text("utf-8").splitlines()
    assert {json.loads(line)["tool"] for line in log} == CALLS.keys()


def test_over_http(address: str) -> None:
    async def run() -> None:
        async with Client(address) as client:
            await _all_of_it(client)

    asyncio.run(run())


def test_only_this_machine_may_ask(address: str) -> None:
    """A page in a browser that calls 127.0.0.1 by another name is refused."""
    import urllib.error  # noqa: PLC0415
    import urllib.request  # noqa: PLC0415

    for header in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        request = urllib.request.Request(  # noqa: S310
            address, b"{}", {"content-type": "application/json", **header}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)  # noqa: S310
        assert refused.value.code in {403, 421}


def test_two_threads_parse_the_project_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first call of a tool comes while the server still warms up."""
    parses = []

    def parse(folder: Path, *_: object) -> None:
        parses.append(folder)
        time.sleep(0.2)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").write_text("{}", "utf-8")

    files = [tmp_path / name for name in ("dbt_project.yml", "profiles.yml", "analyses/a.sql")]
    for folder in ("models", "analyses"):
        (tmp_path / folder).mkdir()
    for file in files:
        file.touch()
    monkeypatch.setattr(dbt, "project_root", lambda: tmp_path)
    monkeypatch.setattr(dbt, "_parse", parse)
    with ThreadPoolExecutor(2) as pool:
        assert [*pool.map(dbt.parsed, ["manifest.json"] * 2)] == ["{}"] * 2
    assert len(parses) == 1
    time.sleep(0.1)  # times of files are as exact as the clock's tick
    files[-1].unlink()  # an analysis that is gone is parsed, too
    dbt.parsed("manifest.json")
    assert len(parses) == 2
