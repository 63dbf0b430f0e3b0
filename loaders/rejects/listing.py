"""``olist rejects`` and ``olist rejects --out``: rejected rows on the screen and in files."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from psycopg2 import sql

from loaders.errors import LoaderError, shown
from loaders.rejects import OPEN, Chosen, ledger_link
from loaders.tables import BY_NAME

ID = "_reject_id"


def listing(chosen: Chosen, say: Callable[[str], None] = print, *, everything: bool) -> None:
    """Print the rejected rows that are open, or also those that were landed or superseded."""
    which = chosen.condition(sql.SQL("true") if everything else OPEN)
    with ledger_link() as link, link.cursor("rejected") as rows:
        rows.execute(
            sql.SQL(
                "select reject_id, batch_id, file_name, line_number, reason, raw_text,"
                " coalesce('landed by batch ' || landed_by,"
                " 'superseded by batch ' || superseded_by)"
                " from raw._rejected_rows as rejected where {} order by reject_id"
            ).format(which)
        )
        count = done = 0
        for number, batch, file, line, reason, text, state in rows:
            count, done = count + 1, done + bool(state)
            told = f" ({state})" if state else ""
            say(f"{number}  batch {batch}: {file}, line {line}: {shown(reason, 0)}{told}")
            say(f"    {shown(text or '', 120)}")
    say(f"{count - done:,} rejected rows are open" + (f", {done:,} are not" if done else ""))
    if count > done:
        say("mend them: olist rejects --out FOLDER, then olist rejects --retry FOLDER")


def write_out(chosen: Chosen, folder: Path, say: Callable[[str], None] = print) -> list[Path]:
    """Write the open rows as CSV files to mend, one a table, and return the files.

    Each has the header and the rows as they were delivered, behind the number of each row. Rows of
    files with different headers come in files of their own. Raises LoaderError, and leaves the
    folder as it was, when a file is there already or cannot be written.
    """
    written: list[Path] = []
    current: tuple[str, str] | None = None
    counts: dict[str, int] = {}
    with contextlib.ExitStack() as unfinished, contextlib.ExitStack() as stack:
        link = stack.enter_context(ledger_link())
        rows = stack.enter_context(link.cursor("rejected"))
        rows.execute(
            sql.SQL(
                "select table_name, header, reject_id, raw_text from raw._rejected_rows as rejected"
                " where {} order by table_name, header, reject_id"
            ).format(chosen.condition(OPEN))
        )
        for table, header, number, text in rows:
            if (table, header) != current:
                current = (table, header)
                counts[table] = counts.get(table, 0) + 1
                path = _path(folder, table, counts[table])
                out = stack.enter_context(_open(path))
                unfinished.callback(path.unlink)
                written.append(path)
                out.write(f"{ID},{header}\n")
            out.write(f"{number},{text}\n")
        stack.close()  # a full disk is told here, and not when all is said
        unfinished.pop_all()
    if not written:
        raise LoaderError("no rejected row is open: there is nothing to write.")
    for path in written:
        say(f"  {path}")
    say(f"mend the rows, keep {ID}, and land them: olist rejects --retry {folder}")
    return written


def _path(folder: Path, table: str, number: int) -> Path:
    name = Path(BY_NAME[table].file)
    return folder / (name.name if number == 1 else f"{name.stem}-{number}{name.suffix}")


def _open(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("x", encoding="utf-8", newline="")
    except FileExistsError as error:
        raise LoaderError(
            f"{path}: is there already; retry it or remove it, or name another folder."
        ) from error
    except OSError as error:
        raise LoaderError(f"{path}: cannot be written ({error.strerror}).") from error
