"""``olist answers``: asks the analyses of the warehouse and prints what comes."""

import csv
import io
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from psycopg2 import errors
from psycopg2.extensions import connection as Connection

from loaders import connection, server
from loaders.analyses import Analysis, analyses
from loaders.errors import LoaderError
from loaders.text_table import print_table

LIMIT = 50
Say = Callable[[str], None]
Rows = Sequence[tuple[Any, ...]]


def list_answers(say: Say = print) -> None:
    """Print the names and what they answer."""
    rows = [(one.name, one.group, one.question) for one in analyses().values()]
    print_table(("answer", "group", "question"), rows, say)


def answer(
    names: Sequence[str], *, limit: int | None = None, style: str = "table", say: Say = print
) -> None:
    """Ask the analyses with these names, or in these groups (all when none is named); print rows.

    ``limit`` is how many rows of each (0: all; by default 50, or all as CSV). Raises LoaderError
    when a name is not known, or there is nothing to ask.
    """
    asked = chosen(names)
    if style == "csv" and len(asked) > 1:
        raise LoaderError("A CSV is one table: name one answer, as in 'olist answers daily_sales'.")
    if limit is None:
        limit = 0 if style == "csv" else LIMIT
    if connection.external() is None and server.environment() is None:
        raise LoaderError("There is no warehouse to ask yet: run 'make build'.")
    with connection.connect() as link:
        link.set_session(readonly=True)
        for number, one in enumerate(asked):
            header, rows = _ask(link, one)
            shown = rows[:limit] if limit else rows
            if style == "csv":
                _print_csv(header, shown, say)
                return
            if number:
                say("")
            (_print_markdown if style == "markdown" else _print_text)(one, header, shown, say)
            if len(shown) < len(rows):
                say("")
                say(f"… and {len(rows) - len(shown):,} rows more: --limit 0 prints all.")


def chosen(names: Sequence[str]) -> list[Analysis]:
    """The analyses that these names or groups mean, each once; all when there are none.

    Raises LoaderError when one means none.
    """
    known = analyses()
    found: dict[str, Analysis] = {} if names else dict(known)
    for name in names:
        those = [one for one in known.values() if name in (one.name, one.group)]
        if not those:
            raise LoaderError(
                f"There is no answer '{name}'; there are {', '.join(known)}, and the groups"
                f" {' and '.join(sorted({one.group for one in known.values()} - {''}))}."
            )
        found |= {one.name: one for one in those}
    return list(found.values())


def _ask(link: Connection, one: Analysis) -> tuple[list[str], Rows]:
    if one.needs_dbt:
        raise LoaderError(
            f"{one.name} has Jinja other than ref(): 'dbt show --inline' asks it, this does not."
        )
    try:
        with link.cursor() as cursor:
            cursor.execute(one.query)
            return [column.name for column in cursor.description or ()], cursor.fetchall()
    except (errors.UndefinedTable, errors.InvalidSchemaName) as error:
        raise LoaderError(
            f"There is no warehouse to ask yet ({connection.reason_of(error).splitlines()[0]}):"
            " run 'make build'."
        ) from error


def _print_text(one: Analysis, header: Sequence[str], rows: Rows, say: Say) -> None:
    say(f"{one.name}: {one.question}" if one.question else one.name)
    if one.grain:
        say(f"Grain: {one.grain}.")
    say("")
    print_table(header, rows, say)


def _print_markdown(one: Analysis, header: Sequence[str], rows: Rows, say: Say) -> None:
    say(f"## {one.question or one.name}")
    say("")
    for line in (
        header,
        ["--:" if _is_number(column) else "---" for column in zip(*rows, strict=True)]
        or ["---"] * len(header),
        *rows,
    ):
        cells = ("" if cell is None else str(cell).replace("|", "\\|") for cell in line)
        say(f"| {' | '.join(cells)} |")


def _is_number(column: Sequence[object]) -> bool:
    return any(isinstance(value, int | Decimal) for value in column)


def _print_csv(header: Sequence[str], rows: Rows, say: Say) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    say(text.getvalue().removesuffix("\n"))
