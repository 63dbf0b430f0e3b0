"""The nine tables as an operational database has them: with the types that fit their values."""

from pathlib import Path

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
        file = folder / table.file
        columns = ", ".join(table.columns)
        if isinstance(server, MariaDB):
            values = ", ".join(f"{name} = nullif(@{name}, '')" for name in table.columns)
            server.run(
                "set session sql_mode = 'STRICT_ALL_TABLES'",
                f"load data local infile '{file}' into table {table.name} character set utf8mb4"
                " fields terminated by ',' optionally enclosed by '\"' escaped by ''"
                f" lines terminated by '{_line_end(file)}' ignore 1 lines"
                f" ({', '.join(f'@{name}' for name in table.columns)}) set {values}",
            )
            continue
        link = server.connect()
        with link.cursor() as cursor, file.open("rb") as stream:
            cursor.copy_expert(
                f"copy {table.name} ({columns}) from stdin"
                f" (format csv, header, force_null ({columns}))",
                stream,
            )
        link.close()


def _line_end(file: Path) -> str:
    with file.open("rb") as stream:
        return "\\r\\n" if stream.readline().endswith(b"\r\n") else "\\n"
