"""Draw the gallery: ``python -m docs.gallery [--out FOLDER]``.

The pictures are of the warehouse in use. Those of the repository are of the synthetic data
(``make gallery``): they are the same files, byte for byte, for the same data.
"""

import argparse
import sys
from pathlib import Path

import psycopg2
from matplotlib import style
from matplotlib.figure import Figure

from docs.gallery.charts import CHARTS, Rows
from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.paths import project_root

_STYLE = Path(__file__).with_name("gallery.mplstyle")


def main() -> int:
    """Draw every picture; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m docs.gallery", description=__doc__)
    parser.add_argument("--out", type=Path, default=project_root() / "docs" / "assets" / "gallery")
    folder: Path = parser.parse_args().out
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with connect() as link, link.cursor() as cursor, style.context(_STYLE):

            def ask(query: str) -> Rows:
                cursor.execute(query)
                return cursor.fetchall()

            for chart in CHARTS:
                figure = Figure(figsize=(8, 4.5), layout="constrained")
                axes = figure.add_subplot()
                chart(ask, axes)
                axes.set_title(str(chart.__doc__))
                name = f"{chart.__name__}.svg"
                figure.savefig(folder / name, metadata={"Date": None, "Creator": None})
                print(f"  {name}")
    except psycopg2.Error as error:
        print(f"The reports cannot be read: {error}".strip() + " Run 'dbt build'.", file=sys.stderr)
        return 1
    except LoaderError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
