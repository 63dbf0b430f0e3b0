"""Tables of text for a terminal."""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal


def print_table(
    header: Sequence[str], rows: Sequence[Sequence[object]], say: Callable[[str], None]
) -> None:
    """Print aligned columns: numbers to the right, text to the left; the last is not padded."""
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(header, *cells, strict=True)]
    numeric = [any(isinstance(row[i], int | Decimal) for row in rows) for i in range(len(header))]
    for line in (header, *cells):
        say(
            "  ".join(
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(line, widths, numeric, strict=True)
            ).rstrip()
        )


def _cell(value: object) -> str:
    if isinstance(value, int | Decimal):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M}"
    return "" if value is None else str(value)
