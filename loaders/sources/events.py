"""One event of a topic: the row of its raw table, or the reason why it is none."""

import json
from collections.abc import Mapping
from typing import Any

from loaders.errors import shown
from loaders.tables import Table

_MOST_BYTES = 1_000_000  # of a value
_KEY_BYTES = 2000  # an index entry of PostgreSQL holds 2,704
_ENVELOPE = {"before", "after", "op"}  # of Debezium
_UNAVAILABLE = "__debezium_unavailable_value"


class BadEvent(Exception):  # noqa: N818 - it stops nothing: the event becomes a rejected row
    """An event is no row of its table; the text says why."""


def row_of(table: Table, key: bytes | None, value: bytes | None) -> list[str]:
    """Values of the table's columns, and last whether the row was removed ("": it was not).

    The value is an object with the columns' names, or Debezium's envelope of one; null removes the
    row of the key. The key is an object with the key's columns, or the text of the only one.
    """
    if not key:
        raise BadEvent("no key")
    for what, size, most in (("key", key, _KEY_BYTES), ("value", value or b"", _MOST_BYTES)):
        if len(size) > most:
            raise BadEvent(f"a {what} of {len(size):,} bytes, more than {most:,}")
    named = _key(table, _text(key))
    event = None if value is None else _row(_object(_text(value)))
    if event is None:
        return [*(named.get(name, "") for name in table.columns), "true"]
    if unknown := event.keys() - {*table.columns}:
        raise BadEvent(f"unknown column {shown(min(unknown))}")
    if missing := {*table.columns} - table.optional_columns - event.keys():
        raise BadEvent(f"without the column {min(missing)}")
    values = {name: _plain(name, event.get(name)) for name in table.columns}
    if any(values[name] != named[name] for name in table.key):
        raise BadEvent("its key is not that of the row")
    return [*values.values(), ""]


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadEvent(f"not UTF-8 (byte 0x{data[error.start]:02X})") from None


def _read(text: str) -> Any:
    """What JSON says; numbers stay the text that they are, as NaN is none."""
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=float)


def _object(text: str) -> Any:
    """What a value says, without the schema that Connect puts around it."""
    try:
        found = _read(text)
    except (ValueError, RecursionError):
        raise BadEvent("no JSON") from None
    if not isinstance(found, Mapping):
        raise BadEvent("not an object")
    return found["payload"] if found.keys() == {"schema", "payload"} else found


def _row(event: Any) -> Any:
    """The row after the event: of an envelope, what it says; None where there is none any more."""
    if isinstance(event, Mapping) and event.keys() >= _ENVELOPE:
        if event["op"] not in ("c", "r", "u", "d"):
            raise BadEvent(f"an operation {json.dumps(event['op'])[:80]}, not one of c, r, u, d")
        event = None if event["op"] == "d" else (event["after"] or {})
    if not isinstance(event, Mapping | None):
        raise BadEvent("not an object")
    return event


def _key(table: Table, text: str) -> dict[str, str]:
    try:
        found = _read(text)
        if isinstance(found, Mapping) and found.keys() == {"schema", "payload"}:
            found = found["payload"]
    except (ValueError, RecursionError):
        found = text  # it is no JSON: the text itself
    if not isinstance(found, Mapping) and len(table.key) == 1:
        found = {table.key[0]: found}
    if not isinstance(found, Mapping) or not {*table.key} <= found.keys():
        raise BadEvent(f"its key is not {', '.join(table.key)}")
    named = {name: _plain(name, found[name]) for name in table.key}
    if not all(named.values()):
        raise BadEvent(f"empty key ({', '.join(table.key)})")
    return named


def _plain(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        raise BadEvent(f"{name} is no text, number or boolean")
    if value == _UNAVAILABLE:
        raise BadEvent(f"{name} was left out by Debezium (the table needs replica identity full)")
    if "\0" in value or not value.isascii():
        if "\0" in value:
            raise BadEvent(f"{name} has a NUL character")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise BadEvent(f"{name} has half a character (a surrogate)") from None
    return value
