"""Other ways to bring the nine files into PostgreSQL: ``python -m benchmarks.rivals NAME FOLDER``.

Each is used as its documentation shows it, and lands text, as ours does.
"""

import csv
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
from psycopg2.extras import execute_values

from loaders.tables import TABLES, Table

NAMES = {
    "to_sql": "pandas.read_csv, DataFrame.to_sql with its defaults",
    "execute_values": "csv.reader, psycopg2.extras.execute_values, 1,000 rows a statement",
    "dlt": "pyarrow.csv, dlt pipeline, its csv loader files",
}
NEEDS = {"to_sql": ("pandas", "sqlalchemy"), "execute_values": (), "dlt": ("dlt", "pyarrow")}
_PAGE = 1000


def to_sql(folder: Path) -> None:
    """Pandas, with SQLAlchemy."""
    import pandas as pd  # noqa: PLC0415 - of the extra "bench", as below
    import sqlalchemy  # noqa: PLC0415

    engine = sqlalchemy.create_engine("postgresql+psycopg2://")  # libpq reads PG*
    for table in TABLES:
        rows = pd.read_csv(folder / table.file, dtype=str)
        rows.to_sql(table.name, engine, index=False)


def execute_values_(folder: Path) -> None:
    """psycopg2's own helper, all in one transaction."""
    with psycopg2.connect("") as link, link.cursor() as cursor:
        for table in TABLES:
            columns = ", ".join(f"{name} text" for name in table.columns)
            cursor.execute(f"create table {table.name} ({columns})")
            with (folder / table.file).open(encoding="utf-8-sig", newline="") as file:
                rows = csv.reader(file)
                next(rows)
                statement = f"insert into {table.name} values %s"  # noqa: S608 - our own names
                values = ([value or None for value in row] for row in rows)
                execute_values(cursor, statement, values, page_size=_PAGE)


def dlt_(folder: Path) -> None:
    """A dlt pipeline whose state is thrown away."""
    import dlt  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv as arrow_csv  # noqa: PLC0415

    def rows(table: Table) -> Iterator[object]:
        text = arrow_csv.ConvertOptions(column_types=dict.fromkeys(table.columns, pa.string()))
        lines = arrow_csv.ParseOptions(newlines_in_values=True)
        yield arrow_csv.read_csv(folder / table.file, parse_options=lines, convert_options=text)

    variables = [os.environ[f"PG{part}"] for part in ("USER", "PASSWORD", "HOST", "PORT")]
    user, password, host, port = variables
    url = f"postgresql://{user}:{password}@{host}:{port}/{os.environ['PGDATABASE']}"
    with tempfile.TemporaryDirectory() as state:
        pipeline = dlt.pipeline(
            "bench",
            pipelines_dir=state,
            destination=dlt.destinations.postgres(url),
            dataset_name="raw",
        )
        resources = [dlt.resource(rows, name=table.name)(table) for table in TABLES]
        pipeline.run(resources, loader_file_format="csv").raise_on_failed_jobs()


if __name__ == "__main__":
    {"to_sql": to_sql, "execute_values": execute_values_, "dlt": dlt_}[sys.argv[1]](
        Path(sys.argv[2])
    )
