"""The URL of a source database: where it is, who reads it, and which tables are what."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from loaders.errors import LoaderError
from loaders.tables import BY_NAME

_PORTS = {"mysql": 3306, "postgresql": 5432}
_ALIASES = {"mariadb": "mysql", "postgres": "postgresql"}
# What is handed to the client library as it is.
_OPTIONS = {
    "mysql": ("socket", "ssl_mode", "ssl_ca", "ssl_cert", "ssl_key", "connect_timeout"),
    "postgresql": (
        *("socket", "sslmode", "sslrootcert", "sslcert", "sslkey", "channel_binding"),
        "connect_timeout",
    ),
}
_OWN = ("prefix", "suffix", "overlap", "timezone", "watermark")
_BY_TABLE = ("table", "watermark")
DEFAULT_OVERLAP = 600  # seconds
_HOW = "write it like mysql://user@host:3306/shop or postgresql://user@host:5432/shop"


@dataclass(frozen=True)
class Address:
    """A source database, and what its URL says about its tables.

    ``tables`` and ``watermarks`` map a raw table to its relation, and to its watermark column
    (``none``: it has none). ``overlap`` is in seconds, or in units of a watermark that is a number.
    """

    engine: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str
    options: Mapping[str, str]
    schema: str
    settings: Mapping[str, str]
    overlap: int
    tables: Mapping[str, str]
    watermarks: Mapping[str, str]

    @property
    def source(self) -> str:
        """What the ledger calls it: no user, no password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        where = self.options.get("socket") or f"{host}:{self.port}"
        named = {"schema": self.schema} if self.schema not in {"public", ""} else {}
        named |= {name: self.settings[name] for name in ("prefix", "suffix") if self.settings[name]}
        query = "&".join(f"{name}={value}" for name, value in named.items())
        return f"{self.engine}://{where}/{self.database}" + (f"?{query}" if query else "")


def parse(url: str, variables: Mapping[str, str] = os.environ) -> Address:
    """Read ``mysql://…`` or ``postgresql://…``; a password may come from the environment.

    Raises LoaderError, which repeats nothing of the URL that may be secret.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # its text may hold a part of the password
        raise LoaderError(
            f"the source's URL cannot be read: {_HOW}; in user and password, @ : / ? # are"
            " %40 %3A %2F %3F %23."
        ) from None
    engine = _ALIASES.get(parts.scheme, parts.scheme)
    database = unquote(parts.path.strip("/"))
    if not database:
        raise LoaderError(f"the source's URL names no database: {_HOW}.")
    options, settings, by_table = _sort_out(engine, parts.query)
    _whole_number("connect_timeout", options.get("connect_timeout", "10"))
    return Address(
        engine=engine,
        host=unquote(parts.hostname or "localhost"),
        port=port or _PORTS[engine],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or "") or _password(engine, variables),
        database=database,
        options=options,
        schema=settings.pop("schema", "public" if engine == "postgresql" else ""),
        overlap=_whole_number("overlap", settings.pop("overlap", str(DEFAULT_OVERLAP))),
        settings={"prefix": "", "suffix": "", "timezone": "UTC", "watermark": ""} | settings,
        tables=by_table["table"],
        watermarks=by_table["watermark"],
    )


def _password(engine: str, variables: Mapping[str, str]) -> str:
    """A password that is not in the URL; PGPASSWORD is the warehouse's, and never sent here."""
    own = variables.get("OLIST_SOURCE_PASSWORD", "")
    return own or (variables.get("MYSQL_PWD", "") if engine == "mysql" else "")


def _sort_out(
    engine: str, query: str
) -> tuple[dict[str, str], dict[str, str], dict[str, dict[str, str]]]:
    own = (*_OWN, "schema") if engine == "postgresql" else _OWN
    options: dict[str, str] = {}
    settings: dict[str, str] = {}
    by_table: dict[str, dict[str, str]] = {name: {} for name in _BY_TABLE}
    for name, value in parse_qsl(query, keep_blank_values=True):
        what, _, table = name.partition(".")
        if table and what in _BY_TABLE:
            if table not in BY_NAME:
                raise LoaderError(f"{name}: no raw table {table}; there are {', '.join(BY_NAME)}.")
            by_table[what][table] = value
        elif name in own:
            settings[name] = value
        elif name in _OPTIONS[engine]:
            options[name] = value
        else:
            known = ", ".join((*own, "table.<raw table>", "watermark.<raw table>"))
            raise LoaderError(
                f"the source's URL has the parameter '{name}'; known ones are {known},"
                f" {', '.join(_OPTIONS[engine])}."
            )
    return options, settings, by_table


def _whole_number(name: str, value: str) -> int:
    if not value.isdecimal():
        raise LoaderError(f"{name} must be a whole number, not '{value}'.")
    return int(value)
