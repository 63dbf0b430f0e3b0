"""SQL by which MySQL and MariaDB write rows as lines of CSV, in the text of the CSV export."""

import re

from loaders.sources.database.engine import Column, Read

_KINDS = {
    **dict.fromkeys(
        ("tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "double"), "number"
    ),
    "float": "float",
    "datetime": "moment",
    "timestamp": "instant",
    "date": "day",
    "bit": "bits",
    **dict.fromkeys(
        ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "geometry"), "bytes"
    ),
}


def kind(data_type: str) -> str:
    """Kind of a column; see ``Column``."""
    return _KINDS.get(data_type.lower(), "text")


def identifier(name: str) -> str:
    """Quote a name."""
    return "`" + name.replace("`", "``") + "`"


def query(read: Read, timezone: str) -> str:
    """Select the lines of a CSV, one column a row."""
    values = [_value(name, column, timezone) for name, column in read.columns]
    fields = ", ',', ".join(
        _quoted(value) if column.kind == "text" else f"ifnull({value}, '')"
        for value, (_, column) in zip(values, read.columns, strict=True)
    )
    order = [identifier(column.name) for column in read.order] or [
        f"convert({value} using utf8mb4) collate utf8mb4_bin" for value in values
    ]
    return (
        f"select concat({fields}, '\\n') from {identifier(read.relation)}"  # noqa: S608
        f"{_reached(read)} order by {', '.join(order)}"
    )


def _quoted(value: str) -> str:
    """Return a text as a field of CSV; null is an empty one."""
    return f"ifnull(concat('\"', replace({value}, '\"', '\"\"'), '\"'), '')"


def _value(name: str, column: Column, timezone: str) -> str:
    """Return the value as the CSV export writes it, null where it is MySQL's date of zeros."""
    value = identifier(column.name)
    if column.kind in {"moment", "instant", "day"}:
        if column.kind == "instant" and timezone != "UTC":
            shown = f"cast(convert_tz({value}, '+00:00', '{_plain(timezone)}') as char)"
        else:
            shown = f"cast({value} as char)"
        if re.search(r"\([1-6]\)", column.type):  # fractions of a second, if there are any
            shown = f"trim(trailing '.' from trim(trailing '0' from {shown}))"
        return f"if({value} < '0000-01-01', null, {shown})"
    if column.kind == "number" and name.endswith("zip_code_prefix"):
        return f"lpad({value}, greatest(5, length({value})), '0')"
    if column.kind == "float":
        # Six digits, as MySQL shows it, unless they are not the number that is stored.
        return (
            f"if(abs(cast({value} as char) + 0e0 - {value}) <= abs({value}) * 6e-8,"
            f" cast({value} as char), cast({value} + 0e0 as char))"
        )
    if column.kind == "bits":
        return f"cast({value} + 0 as char)"
    if column.kind == "number":
        return f"cast({value} as char)"
    return f"convert({value} using utf8mb4)"


def _plain(timezone: str) -> str:
    """A time zone that the source has accepted, for a literal."""
    return timezone.replace("\\", "\\\\").replace("'", "''")


def _reached(read: Read) -> str:
    """Rows at and after the watermark, and those that have none."""
    if read.watermark is None or read.since is None:
        return ""
    name = identifier(read.watermark.name)
    if read.watermark.kind == "number":
        reached = f"{name} >= {read.since}"
    else:
        reached = f"{name} >= '{read.since}' or {name} < '0001-01-01'"
    return f" where {reached}" + (f" or {name} is null" if read.watermark.nullable else "")
