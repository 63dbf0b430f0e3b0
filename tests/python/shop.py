"""The nine tables as an operational database has them: with the types that fit their values."""

from pathlib import Path

import pandas as pd
from psycopg2.extras import execute_values

from loaders.tables import TABLES, Table
from source_servers import MariaDB, PostgreSQL

_MOMENTS = {"mysql": "datetime", "postgresql": "timestamp"}
_TYPES = {
    "order_estimated_delivery_date": "date",
    "price": "decimal(10, 2)",
    "freight_value": "decimal(10, 2)",
    "payment_value": "decimal(10, 2)",
    "geolocation_lat": "double precision",
    "geolocation_lng": "double precision",
    "order_item_id": "integer",
    "payment_sequential": "integer",
    "payment_installments": "integer",
    "review_score": "integer",
}
_MOMENT_ENDINGS = ("_timestamp", "_date", "_at")


def type_of(column: str, make: str) -> str:
    """Type of a column of the nine tables, in a make of database."""
    if column in _TYPES:
        return _TYPES[column]
    if column.endswith(_MOMENT_ENDINGS):
        return _MOMENTS[make]
    if column.startswith("product_") and column not in {"product_id", "product_category_name"}:
        return "varchar(100)" if column.endswith("english") else "integer"
    if column.endswith("zip_code_prefix"):
        return "integer"  # as many do: its zeros come back
    return "text" if "comment" in column else "varchar(100)"


def create(server: MariaDB | PostgreSQL, table: Table, more: str = "", name: str = "") -> None:
    """Create a table of the shop; ``more`` are further columns."""
    columns = [f"{column} {type_of(column, server.make)}" for column in table.columns]
    key = [f"primary key ({', '.join(table.key)})"] if table.key else []
    parts = ", ".join([*columns, *([more] if more else []), *key])
    options = " character set utf8mb4" if server.make == "mysql" else ""
    server.run(f"create table {name or table.name} ({parts}){options}")


def fill(server: MariaDB | PostgreSQL, folder: Path) -> None:
    """Create the nine tables and fill them from CSV files; an empty field is null."""
    for table in TABLES:
        create(server, table)
        rows = pd.read_csv(folder / table.file, dtype=str, keep_default_na=False)
        values = [[value or None for value in row] for row in rows.itertuples(index=False)]
        link = server.connect()
        places = ", ".join(["%s"] * len(table.columns))
        statement = f"insert into {table.name} ({', '.join(table.columns)}) values"
        with link.cursor() as cursor:
            if isinstance(server, MariaDB):
                cursor.executemany(f"{statement} ({places})", values)
            else:
                execute_values(cursor, f"{statement} %s", values)
        link.close()
