"""A source database: its tables as CSV, whole or what has changed since the last load."""

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import PurePath
from typing import IO, NamedTuple

import psycopg2
import yaml
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from tqdm import tqdm

from loaders.connection import connect, reason_of
from loaders.errors import LoaderError
from loaders.paths import project_root
from loaders.sources import Delivery, Request, SourceFile
from loaders.sources.dialects import ERRORS, Column, Database, Read, opened, reason
from loaders.sources.text import stream_of
from loaders.tables import ALL_TABLES, BY_NAME, OPTIONAL, Table

_PORTS = {"mysql": 3306, "postgresql": 5432}
_ALIASES = {"mariadb": "mysql", "postgres": "postgresql"}
_HOW = "write it like mysql://user@host:3306/shop or postgresql://user@host:5432/shop"
# Parameters of a URL; those of a table are, say, watermark.orders.
_BY_TABLE = ("table", "watermark", "deleted")
_DEFAULTS = dict.fromkeys(("prefix", "suffix", "watermark", "deleted", "timezone"), "")
_DEFAULTS |= {"overlap": "600", "connect_timeout": "10"}
_PARAMETERS = {
    "mysql": "socket ssl_mode ssl_ca ssl_cert ssl_key",
    "postgresql": "schema socket sslmode sslrootcert sslcert sslkey channel_binding",
}
# Names that a column has where nobody named one, the likelier first.
_WATERMARKS = (
    *("updated_at", "modified_at", "last_modified_at", "last_updated_at", "changed_at"),
    *("updated_on", "modified_on", "last_modified", "last_updated", "last_update"),
    *("update_time", "modified_time", "updated", "modified"),
)
_DELETED = ("deleted_at", "deleted_on", "is_deleted", "deleted")
_ORDERED = {"number", "moment", "instant", "day"}
# A time zone is at most 14 hours ahead: what is later by any clock is no time of a change.
_AHEAD = timedelta(hours=15)
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Address:
    """A source database, and the parameters of its URL, by name."""

    url: URL
    settings: Mapping[str, str]

    @property
    def source(self) -> str:
        """What the ledger calls it: no user, no password."""
        host = f"[{self.url.host}]" if ":" in str(self.url.host) else self.url.host
        where = self.settings.get("socket") or f"{host}:{self.url.port}"
        named = {name: self.settings.get(name) for name in ("schema", "prefix", "suffix")}
        named["schema"] = "" if named["schema"] == "public" else named["schema"]
        query = "&".join(f"{name}={value}" for name, value in named.items() if value)
        return f"{self.url.drivername}://{where}/{self.url.database}" + (query and f"?{query}")


def parse(location: str, variables: Mapping[str, str] = os.environ) -> Address:
    """Read ``mysql://…`` or ``postgresql://…``; a password may come from the environment.

    Raises LoaderError, which repeats nothing of the URL that may be secret.
    """
    try:
        url = make_url(location)
    except (ArgumentError, ValueError):  # its text may hold a part of the password
        url = make_url("mysql://@@")
    if "@" in str(url.host):
        raise LoaderError(
            f"the source's URL cannot be read: {_HOW}; in user and password, @ : / ? # are"
            " %40 %3A %2F %3F %23."
        )
    if not url.database:
        raise LoaderError(f"the source's URL names no database: {_HOW}.")
    make = _ALIASES.get(url.drivername, url.drivername)
    settings = {name: values[-1] for name, values in url.normalized_query.items()}
    known = [*_DEFAULTS, *_PARAMETERS[make].split()]
    for name in settings:
        what, _, table = name.partition(".")
        if name not in known and (what not in _BY_TABLE or table not in BY_NAME):
            known += [f"{what}.<raw table>" for what in _BY_TABLE]
            raise LoaderError(
                f"the source's URL has the parameter '{name}'; known ones are {', '.join(known)}."
            )
    settings = _DEFAULTS | ({"schema": "public"} if make == "postgresql" else {}) | settings
    for name in ("connect_timeout", "overlap"):
        if not settings[name].isdecimal():
            raise LoaderError(f"{name} must be a whole number, not '{settings[name]}'.")
    own = variables.get("MYSQL_PWD") if make == "mysql" else None  # PGPASSWORD is the warehouse's
    password = url.password or variables.get("OLIST_SOURCE_PASSWORD") or own
    host, port = url.host or "localhost", url.port or _PORTS[make]
    url = URL.create(make, url.username, password, host, port, url.database)
    return Address(url, settings)


@contextmanager
def deliver(location: str, only: Sequence[str], request: Request) -> Iterator[Delivery]:
    """Read the tables of a source database to temporary files, at one moment of the source.

    A table with a watermark is read from where the last load came to, if it is known and a
    snapshot is not asked for; the rest whole. Loads of one source come one after the other. Raises
    LoaderError when the source cannot be read, or hides rows from its user.
    """
    address = parse(location)
    with _turn(address.source, request) as link, ExitStack() as stack:
        last = {} if request.mode == "snapshot" else _known(link, address.source)
        load = _Load(address, request.say, only, last)
        try:
            files = load.read(stack)
        except LoaderError as error:
            error.source = address.source
            raise
        remember = partial(_remember, address.source, load.positions)
        yield Delivery(address.source, files, remember=remember, is_utf_8=True)


@contextmanager
def _turn(source: str, request: Request) -> Iterator[Connection]:
    """Hold a lock of the warehouse on this source, which ends with its connection.

    What a load has read must be landed before the next one reads: it goes on from there.
    """
    lock = int.from_bytes(hashlib.sha256(source.encode()).digest()[:8], signed=True)
    with connect(autocommit=True) as link:
        with _warehouse(), link.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(%s)", (lock,))
            if cursor.fetchone() != (True,):
                running = f"another load of {source} is running"
                if not request.wait:
                    raise LoaderError(f"{running}; leave out --no-wait to wait for it.")
                request.say(f"{running}: waiting for it to end")
                cursor.execute("select pg_advisory_lock(%s)", (lock,))
        yield link


@contextmanager
def _warehouse() -> Iterator[None]:
    """Say in a sentence what the warehouse did not do."""
    try:
        yield
    except psycopg2.Error as error:
        raise LoaderError(f"PostgreSQL stopped the load: {reason_of(error)}.") from error


class Position(NamedTuple):
    """How far a table was read: the newest value found, and from where the next load reads.

    ``column`` is qualified by its relation. Both values are text in the source's type.
    """

    column: str
    newest: str
    read_from: str


@dataclass(frozen=True)
class _Load:
    """One load of a source: what is asked, how far the last one came, how far this one does."""

    address: Address
    say: Callable[[str], None]
    only: Sequence[str]
    last: Mapping[str, Position]
    positions: dict[str, Position] = field(default_factory=dict)

    def read(self, stack: ExitStack) -> list[SourceFile]:
        """Read all that is wanted, at one moment of the source."""
        files, doing = [], "cannot be used"
        zone = self.address.settings["timezone"] or _project_zone()
        try:
            with opened(self.address.url, {**self.address.settings, "timezone": zone}) as database:
                for table, relation in self._relations(database.relations()):
                    doing = f"{relation} cannot be read"
                    read = self._whole(table, relation, database.columns(relation))
                    read = self._since(database, table, read)
                    files.append(_spooled(database, table, read, stack))
        except ERRORS as error:
            why = reason(error)
            if "row-level security" in why:
                why += (
                    f": rows are hidden from user {self._user}, and would look like deleted ones;"
                    " let it see them all (alter role … bypassrls)"
                )
            raise LoaderError(
                f"{self.address.source}: {doing}: {why}; nothing of it was landed."
            ) from error
        return files

    @property
    def _user(self) -> str:
        return self.address.url.username or "(default)"

    def _relations(self, there: Sequence[str]) -> list[tuple[Table, str]]:
        """Return what feeds each raw table that is wanted; say which ones nothing feeds.

        An optional table is read where it is named: a shop may have another one of this name.
        """
        source, settings, found, missing = self.address.source, self.address.settings, [], []
        for table in ALL_TABLES:
            named = settings.get(f"table.{table.name}")
            if table.name not in (self.only or [table.name]):
                continue
            if table in OPTIONAL and not (named or self.only):
                continue
            usual = (table.name, PurePath(table.file).stem)
            names = [f"{settings['prefix']}{name}{settings['suffix']}" for name in usual]
            same = [_same(name, there) for name in ([named] if named else names)]
            match = list(dict.fromkeys(name for name in same if name))
            if named and not match:
                raise LoaderError(f"{source}: has no table {named} (table.{table.name}).")
            if len(match) > 1:
                raise LoaderError(
                    f"{source}: both {' and '.join(match)} may be {table.name}; say which, by"
                    f" table.{table.name}={match[0]} in the URL."
                )
            found += [(table, name) for name in match]
            missing += [] if match else [table.name]
        if not found or (self.only and missing):
            names = [f"{settings['prefix']}{name}" for name in missing]
            raise LoaderError(
                f"{source}: has no table {', '.join(names)} that user {self._user} may see;"
                " name another by table.<raw table>=<its name>, prefix= or suffix= in the URL."
            )
        for name in missing:
            self.say(f"{name}: not in {source}")
        return found

    def _whole(self, table: Table, relation: str, there: Mapping[str, Column]) -> Read:
        """Return how to read all of a table."""
        source = self.address.source
        spelled = {name: _same(name, there) for name in table.columns}
        chosen = {name: there[known] for name, known in spelled.items() if known}
        lacking = [name for name in table.columns if name not in {*chosen, *table.optional_columns}]
        if lacking:
            raise LoaderError(
                f"{source}: {relation} lacks column {', '.join(lacking)}; expected"
                f" {', '.join(table.columns)} (a view may give them these names)."
            )
        for name, column in chosen.items():
            if column.kind == "bytes":
                raise LoaderError(
                    f"{source}: {relation}.{name} is {column.type}: bytes, not text; a view may"
                    " give it as text."
                )
        deleted, named = self._named("deleted", table, relation, there)
        usual = next((known for name in _DELETED if (known := _same(name, there))), None)
        if usual and deleted is None and named != "none":
            self.say(
                f"  {table.name}: {relation} has {usual}; rows with it set are landed as live ones"
                f" (deleted={usual} in the URL leaves them out)"
            )
        watermark, named = self._named("watermark", table, relation, there)
        if not named:
            names = (known for name in _WATERMARKS if (known := _same(name, there)))
            watermark = next((there[name] for name in names), None)
        if watermark and watermark.kind not in _ORDERED:
            if named:
                raise LoaderError(
                    f"{source}: {relation}.{watermark.name} is {watermark.type}; a watermark is a"
                    " time or a number."
                )
            watermark = None
        key = [chosen[name] for name in table.key]
        return Read(relation, chosen, key, watermark if key else None, deleted)

    def _named(
        self, what: str, table: Table, relation: str, there: Mapping[str, Column]
    ) -> tuple[Column | None, str]:
        """The column that the URL names, if it is there, and the name.

        One that it names for this table has to be there; one that it names for all may be.
        """
        own = self.address.settings.get(f"{what}.{table.name}")
        name = own or self.address.settings[what]
        found = _same(name, there)
        if own not in {None, "none"} and found is None:
            raise LoaderError(
                f"{self.address.source}: {relation} has no column {own} ({what}.{table.name})."
            )
        return (there[found] if found and name != "none" else None), name

    def _since(self, database: Database, table: Table, read: Read) -> Read:
        """Return what to read of a table, and note how far that will be."""
        column, before = read.watermark, self.last.get(table.name)
        newest = database.newest(read.relation, column) if column else None
        if column is None or newest is None:
            self.say(f"  {table.name}: all of {read.relation}")
            return read
        name = f"{read.relation}.{column.name}"
        overlap = int(self.address.settings["overlap"])
        if (start := _start(database, newest, overlap)) is not None:
            self.positions[table.name] = Position(name, newest, start)
        if (
            before is None
            or start is None
            or before.column != name
            or _falls(before.newest, newest)
        ):
            why = f"; {before.column} had come to {before.newest}" if before else ""
            self.say(f"  {table.name}: all of {read.relation}, by {column.name} next time{why}")
            return read
        self.say(f"  {table.name}: {read.relation} since {column.name} {before.read_from}")
        return replace(read, since=before.read_from)


def _same(name: str, known: Iterable[str]) -> str | None:
    """Return the name as the source spells it; upper and lower case are one where that is clear."""
    alike = [spelled for spelled in known if spelled.lower() == name.lower()]
    return name if name in alike else alike[0] if len(alike) == 1 else None


def _project_zone() -> str:
    """The variable source_time_zone of the dbt project: the zone of the CSV export's times."""
    project = yaml.safe_load((project_root() / "dbt_project.yml").read_text("utf-8"))
    return str(project["vars"]["source_time_zone"])


# --- Watermarks -----------------------------------------------------------------------------------


def _start(database: Database, newest: str, overlap: int) -> str | None:
    """From where the next load reads, when this one has read all up to ``newest``.

    It goes back by ``overlap`` (seconds, or units of a number), or to before the oldest transaction
    that is still open: its rows may carry an earlier time than the newest that was read. A time in
    the future is no measure of what has been read; the next load then reads what changed since
    yesterday. None where the value is no measure at all.
    """
    value = _value(newest)
    if not isinstance(value, datetime):
        return None if value is None else f"{value - overlap:f}"
    latest = database.now + _AHEAD
    if value > latest:
        value = latest - timedelta(days=2)
    try:
        start = value - timedelta(seconds=max(overlap, database.oldest))
    except OverflowError:
        raise LoaderError(f"overlap={overlap} seconds is too long.") from None
    return start.isoformat(sep=" ")


def _falls(before: str, after: str) -> bool:
    """Whether a watermark went backwards, or became one of another kind."""
    values = _value(before), _value(after)
    return type(values[0]) is not type(values[1]) or values[1] < values[0]  # type: ignore[operator]


def _value(text: str) -> Decimal | datetime | None:
    """Return a number or a time (UTC); None where it has no order or no place in the calendar."""
    with suppress(InvalidOperation):
        return number if (number := Decimal(text)).is_finite() else None
    with suppress(ValueError):
        return datetime.fromisoformat(text).replace(tzinfo=None)
    return None


def _known(link: Connection, source: str) -> dict[str, Position]:
    """Positions of a source's tables from which a load can go on, by raw table.

    Those are left out of which raw has nothing any more, or has what came later from elsewhere.
    """
    with _warehouse(), link.cursor() as cursor:
        cursor.execute("select to_regclass('raw._watermarks')")
        if cursor.fetchone() == (None,):
            return {}
        cursor.execute(
            "select table_name, column_name, watermark, read_from"
            " from raw._watermarks as watermarks where source = %(source)s and not exists ("
            "select from raw._files as files join raw._batches as batches using (batch_id)"
            " where files.table_name = watermarks.table_name"
            " and files.batch_id > watermarks.batch_id"
            " and files.status = 'landed' and batches.source <> %(source)s)",
            {"source": source},
        )
        found = {table: Position(*position) for table, *position in cursor.fetchall()}
        for name in list(found):
            table = sql.Identifier("raw", name)
            cursor.execute(sql.SQL("select exists (select from {})").format(table))
            if cursor.fetchone() != (True,):
                del found[name]
    return found


def _remember(
    source: str, positions: Mapping[str, Position], cursor: Cursor, batch_id: int
) -> None:
    """Note how far a batch has read, in its transaction."""
    for table, at in positions.items():
        cursor.execute(
            "insert into raw._watermarks"
            " (source, table_name, column_name, watermark, read_from, batch_id)"
            " values (%s, %s, %s, %s, %s, %s)"
            " on conflict (source, table_name) do update set column_name = excluded.column_name,"
            " watermark = excluded.watermark, read_from = excluded.read_from,"
            " batch_id = excluded.batch_id, noted_at = now()",
            (source, table, at.column, at.newest, at.read_from, batch_id),
        )


# --- Temporary files ------------------------------------------------------------------------------


def _spooled(database: Database, table: Table, read: Read, stack: ExitStack) -> SourceFile:
    """Write rows to a temporary file without a name: gone with the process, however it ends."""
    try:
        file = tempfile.TemporaryFile(buffering=_BLOCK)  # noqa: SIM115 - closed by the stack
    except OSError as error:
        raise LoaderError(
            f"no temporary file can be made ({error.strerror}): set TMPDIR to a folder with room."
        ) from error
    stack.callback(_close, file)
    hidden = not sys.stderr.isatty()
    try:
        with tqdm.wrapattr(
            file, "write", desc=f"reading {read.relation}", leave=False, disable=hidden
        ) as sink:
            database.write(read, sink)
        file.flush()
        size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise LoaderError(
            f"{read.relation} cannot be kept in {tempfile.gettempdir()} while it is landed"
            f" ({error.strerror}): make room, or set TMPDIR to a folder with more."
        ) from error
    mode = "snapshot" if read.since is None else "delta"
    return SourceFile(table, read.relation, size, lambda: stream_of(_blocks(file)), mode)


def _blocks(file: IO[bytes]) -> Generator[bytes]:
    """Read a file at a position of one's own."""
    position = 0
    while block := os.pread(file.fileno(), _BLOCK, position):
        position += len(block)
        yield block


def _close(file: IO[bytes]) -> None:
    with suppress(OSError):  # what a full disk refused before, it refuses again
        file.close()
