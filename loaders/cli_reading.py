"""Commands of ``olist`` that read the warehouse: test results, analyses, metrics, questions.

A command imports what it runs when it runs.
"""

import os
from pathlib import Path
from typing import Any, TextIO

import click

from loaders.paths import project_root

Names = tuple[str, ...]


def _words(_: click.Context, __: click.Parameter, value: str | None) -> Names:
    return tuple(value.replace(",", " ").split()) if value else ()


@click.command()
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a web page.")
def quality(html: Path | None) -> None:
    """Show test results (failing ones first), invalid values, the last loads and freshness.

    The page is one file that needs no server, to be published or sent.
    """
    from loaders import quality
    from loaders.roles import as_role

    with as_role("reader"):
        quality.show(html)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--list", "only_list", is_flag=True, help="List them.")
@click.option("--limit", type=int, help="Rows per analysis, -1: all (default: 50; CSV: all).")
@click.option(
    "--csv", "as_csv", is_flag=True, help="Print one analysis as CSV instead of a Markdown table."
)
def answers(names: Names, only_list: bool, limit: int | None, as_csv: bool) -> None:
    """Run the analyses (by name or group, else all) and print the results."""
    from loaders.answers import answer, list_answers
    from loaders.roles import as_role

    if only_list:
        list_answers()
        return
    with as_role("reader"):
        answer(names, limit=limit, as_csv=as_csv)


@click.group()
def mf() -> None:
    """Query the semantic layer."""


@mf.command()
@click.option("--metrics", callback=_words, help="Metrics: revenue,orders.")
@click.option("--group-by", "by", callback=_words, help="Dimensions: metric_time__month.")
@click.option("--saved-query", "saved", help="A saved query, in place of both.")
@click.option(
    "--where", multiple=True, help="A condition: {{ Dimension('…') }} = '…' (repeatable)."
)
@click.option("--start-time", "start", type=click.DateTime(), help="First day.")
@click.option("--end-time", "end", type=click.DateTime(), help="Last day.")
@click.option(
    "--order",
    callback=_words,
    help="Columns to sort by; -revenue: largest first (default: by time, then the largest first).",
)
@click.option("--limit", type=int, help="At most this many rows.")
@click.option("--decimals", type=int, help="Of figures in the table (default: of money 2, else 4).")
@click.option("--csv", "file", type=click.File("w"), help="Write a CSV file (-: print it).")
@click.option("--explain", is_flag=True, help="Print the SQL instead.")
def query(decimals: int | None, file: TextIO | None, explain: bool, **question: Any) -> None:
    """Compute metrics: olist mf query --metrics orders --group-by metric_time__month."""
    if file and decimals is not None:
        raise click.UsageError("--decimals is for the table: a CSV has exact figures.")
    from metrics.show import show

    show(question, file, decimals, explain=explain)


@click.command("metrics")
@click.argument("names", nargs=-1)
def metrics_(names: Names) -> None:
    """List metrics and saved queries, or what the metrics named can be grouped by."""
    from metrics.show import list_items

    list_items(names)


@click.command()
@click.option("--port", default=8501)
def dashboard(port: int) -> None:
    """Serve the dashboard on 127.0.0.1 (docs/dashboard.md)."""
    os.chdir(project_root() / "dashboard")  # where Streamlit finds its settings
    from dashboard.frame import serve

    serve(port)


@click.command()
@click.argument("words", nargs=-1, metavar="[QUESTION]")
@click.option("--session", default="", help="Conversation to continue.")
@click.option("--new", is_flag=True, help="Begin a new conversation.")
def ask(words: Names, session: str, new: bool) -> None:
    """Ask in words: olist ask "revenue by state in 2017"; without a question, a prompt.

    Rules answer, or the model that OLIST_MODEL names (docs/agent.md).
    """
    from agent.ask import prompt

    prompt(" ".join(words), session, new=new)


@click.command()
@click.option("--http", is_flag=True, help="Serve on 127.0.0.1, not on standard input and output.")
@click.option("--port", default=8765, help="Port, with --http.")
def mcp(http: bool, port: int) -> None:
    """Serve the warehouse's tools to assistants, by MCP (docs/agent.md)."""
    from agent.server import serve

    serve(port if http else None)


READING = (quality, answers, mf, metrics_, dashboard, ask, mcp)
