"""``olist answers``: what the business asks, as tables."""

import argparse

from loaders.commands import Add
from loaders.errors import LoaderError

_EXAMPLES = """examples:
  olist answers --list
  olist answers monthly_revenue top_sellers
  olist answers kpis --limit 10
  olist answers daily_sales --format csv > daily_sales.csv
"""


def add(command: Add) -> None:
    """Add the command."""
    answers = command(
        "answers", "Ask the queries of analyses/, all or some, and print what comes.", _answers
    )
    answers.set_defaults(acts_as="reader")
    answers.epilog = _EXAMPLES
    answers.formatter_class = argparse.RawDescriptionHelpFormatter
    answers.add_argument(
        "names", nargs="*", metavar="NAME", help="an answer, or a group of them (default: all)"
    )
    answers.add_argument("--list", action="store_true", help="only say what there is")
    answers.add_argument(
        "--limit",
        type=int,
        metavar="N",
        help="rows of each that are printed, 0: all (default: 50, as CSV all)",
    )
    answers.add_argument(
        "--format",
        choices=("table", "markdown", "csv"),
        default="table",
        help="csv is for one answer (default: table)",
    )


def _answers(options: argparse.Namespace) -> None:
    from loaders.answers import answer, list_answers

    if options.list:
        list_answers()
        return
    if options.limit is not None and options.limit < 0:
        raise LoaderError("--limit is 0 (all rows) or more.")
    answer(options.names, limit=options.limit, style=options.format)
