"""``olist answers``: runs the queries of ``analyses/`` by ``dbt show``, and prints what comes."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loaders.dbt import environment_for_dbt
from loaders.errors import NOTHING_BUILT, LoaderError
from loaders.paths import project_root


def analyses() -> dict[str, Path]:
    """The files of ``analyses/`` by name."""
    return {file.stem: file for file in sorted((project_root() / "analyses").rglob("*.sql"))}


def about(file: Path) -> str:
    """The comment that an analysis begins with: its question, grain and trap."""
    lines = file.read_text("utf-8").partition("\nwith\n")[0].splitlines()
    return " ".join(line.removeprefix("--").strip() for line in lines if line.startswith("--"))


def list_answers() -> None:
    """Print the groups, the names and the questions."""
    for name, file in analyses().items():
        print(f"{file.parent.name:<10}  {name:<28}  {about(file).partition('?')[0]}?")


def answer(names: Sequence[str], *, limit: int | None = None, as_csv: bool = False) -> None:
    """Run the analyses with these names, or in these groups (all when none is named).

    ``limit`` is how many rows of each are printed (-1: all; by default 50, all as CSV). Raises
    LoaderError when a name is not known, or there is nothing to ask yet.
    """
    if limit is None:
        limit = -1 if as_csv else 50
    known = {name: {name, file.parent.name} for name, file in analyses().items()}
    for name in names:
        if not any(name in those for those in known.values()):
            raise LoaderError(f"No analysis is named '{name}'; 'olist answers --list' lists them.")
    asked = [name for one in names for name, those in known.items() if one in those]
    chosen = list(dict.fromkeys(asked or known))
    if as_csv and len(chosen) > 1:
        raise LoaderError(
            "--csv needs exactly one analysis, as in 'olist answers daily_sales --csv'."
        )
    # Where there are no roles, the user asks: it must not write either.
    with environment_for_dbt(PGOPTIONS="-c default_transaction_read_only=on"):
        from dbt.cli.main import dbtRunner  # after the variables: it copies them when it starts

        # dbt would add its limit to those that some have of their own.
        # With a folder of its own: another user in the profile makes dbt parse everything anew.
        folder = str(project_root() / "target" / "answers")
        where = ("--log-level", "none", "show", "--target-path", folder)
        done = dbtRunner().invoke([*where, "--limit", "-1", "--select", *chosen])
    if done.exception:
        reason = " ".join(str(done.exception).split())
        if "does not exist" in reason:
            raise LoaderError(NOTHING_BUILT)
        raise LoaderError(f"dbt cannot run it: {reason}")
    results: Any = done.result
    tables: dict[str, Any] = {one.node.name: one.agate_table for one in results}
    for name in chosen:
        table = tables[name]
        shown = table.limit(limit) if 0 <= limit < len(table.rows) else table
        if as_csv:
            shown.to_csv(sys.stdout)
            return
        print(f"## {name}: {about(analyses()[name])}\n")
        whole = dict.fromkeys(("max_rows", "max_columns", "max_column_width", "max_precision"))
        shown.print_table(output=sys.stdout, **whole)
        print("\nThere are more rows: --limit -1 prints all." if table is not shown else "")
