"""A source database: its tables as CSV, whole or what has changed since the last load."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePath
from typing import IO

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError
from tqdm import tqdm

from loaders.connection import connect
from loaders.dbt import project_variable
from loaders.errors import LoaderError
from loaders.sources import Delivery, Request, SourceFile, named, watermarks
from loaders.sources.dialects import ERRORS, Column, Database, Read, opened, reason
from loaders.sources.text import reader_of
from loaders.sources.watermarks import Position
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
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Address:
    """A source database, and the parameters of its URL, by name."""

    url: URL
    settings: Mapping[str, str]

    @property
    def user(self) -> str:
        """Who reads, for a message."""
        return self.url.username or "(default)"

    @property
    def source(self) -> str:
        """What the ledger calls it: no user, no password."""
        shown = {name: self.settings.get(name) for name in ("schema", "prefix", "suffix")}
        query = "&".join(f"{name}={value}" for name, value in shown.items() if value)
        url, socket = self.url, self.settings.get("socket")
        host, port = (socket, None) if socket else (url.host, url.port)
        bare = URL.create(url.drivername, host=host, port=port, database=url.database)
        text: str = bare.render_as_string().replace("%2F", "/")
        return text + (f"?{query}" if query.removeprefix("schema=public") else "")


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
    source = address.source
    with connect() as link, watermarks.turn(link, source, request), ExitStack() as stack:
        last = {} if request.mode == "snapshot" else watermarks.known(link, source)
        link.commit()
        load = _Load(address, request.say, only, last)
        with named(source):
            files = load.read(stack)
        remember = partial(watermarks.remember, source, load.positions)
        yield Delivery(source, files, remember=remember)


@dataclass(frozen=True)
class _Load:
    """One load of a source: what is asked, how far the last one came, how far this one does."""

    address: Address
    say: Callable[[str], None]
    only: Sequence[str]
    last: Mapping[str, Position]
    positions: dict[str, Position] = field(default_factory=dict)

    def error(self, problem: str) -> LoaderError:
        """A problem of this source."""
        return LoaderError(f"{self.address.source}: {problem}.")

    def read(self, stack: ExitStack) -> list[SourceFile]:
        """Read all that is wanted, at one moment of the source."""
        files, doing = [], "cannot be used"
        zone = self.address.settings["timezone"] or project_variable("source_time_zone")
        try:
            with opened(self.address.url, {**self.address.settings, "timezone": zone}) as database:
                for table, relation in self._relations(database.relations()):
                    doing = f"{relation} cannot be read"
                    read = self._whole(table, relation, database.columns(relation))
                    read = self._since(database, table, read)
                    files.append(_buffered(database, table, read, stack))
        except ERRORS as error:
            why = reason(error)
            if "row-level security" in why:
                why += (
                    f": rows are hidden from user {self.address.user}, and would look like deleted"
                    " ones; let it see them all (alter role … bypassrls)"
                )
            raise self.error(f"{doing}: {why}; nothing of it was landed") from error
        return files

    def _relations(self, there: Sequence[str]) -> list[tuple[Table, str]]:
        """Return what feeds each raw table that is wanted; say which ones nothing feeds.

        An optional table is read where it is named: a shop may have another one of this name.
        """
        settings, found, missing = self.address.settings, [], []
        for table in ALL_TABLES:
            named = settings.get(f"table.{table.name}")
            is_wanted = table.name in self.only or named or table not in OPTIONAL
            if not is_wanted or (self.only and table.name not in self.only):
                continue
            usual = (table.name, PurePath(table.file).stem)
            names = [f"{settings['prefix']}{name}{settings['suffix']}" for name in usual]
            same = [_same(name, there) for name in ([named] if named else names)]
            match = list(dict.fromkeys(name for name in same if name))
            if named and not match:
                raise self.error(f"has no table {named} (table.{table.name})")
            if len(match) > 1:
                raise self.error(
                    f"both {' and '.join(match)} may be {table.name}; say which, by"
                    f" table.{table.name}={match[0]} in the URL"
                )
            found += [(table, name) for name in match]
            missing += [] if match else [table.name]
        if not found or (self.only and missing):
            names = [f"{settings['prefix']}{name}" for name in missing]
            raise self.error(
                f"has no table {', '.join(names)} that user {self.address.user} may see; name"
                " another by table.<raw table>=<its name>, prefix= or suffix= in the URL"
            )
        if missing:
            self.say(f"not in {self.address.source}: {', '.join(missing)}")
        return found

    def _whole(self, table: Table, relation: str, there: Mapping[str, Column]) -> Read:
        """Return how to read all of a table."""
        spelled = {name: _same(name, there) for name in table.columns}
        chosen = {name: there[known] for name, known in spelled.items() if known}
        lacking = [name for name in table.columns if name not in {*chosen, *table.optional_columns}]
        if lacking:
            raise self.error(
                f"{relation} lacks column {', '.join(lacking)}; expected"
                f" {', '.join(table.columns)} (a view may give them these names)"
            )
        for name, column in chosen.items():
            if column.kind == "bytes":
                what = f"{relation}.{name} is {column.type}"
                raise self.error(f"{what}: bytes, not text; a view may give it as text")
        deleted, named = self._named("deleted", table, relation, there)
        if deleted is None and named != "none" and (usual := _first(_DELETED, there)):
            self.say(
                f"  {table.name}: {relation} has {usual.name}; rows with it set are landed as live"
                f" ones (deleted={usual.name} in the URL leaves them out)"
            )
        watermark, named = self._named("watermark", table, relation, there)
        watermark = watermark if named else _first(_WATERMARKS, there)
        if watermark and watermark.kind not in _ORDERED:
            if named:
                what = f"{relation}.{watermark.name} is {watermark.type}"
                raise self.error(f"{what}; a watermark is a time or a number")
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
        found = None if name == "none" else _first([name], there)
        if own not in {None, "none"} and found is None:
            raise self.error(f"{relation} has no column {own} ({what}.{table.name})")
        return found, name

    def _since(self, database: Database, table: Table, read: Read) -> Read:
        """Return what to read of a table, and note how far that will be."""
        column, last = read.watermark, self.last.get(table.name)
        newest = database.newest(read.relation, column) if column else None
        if column is None or newest is None:
            self.say(f"  {table.name}: all of {read.relation}")
            return read
        name = f"{read.relation}.{column.name}"
        overlap, is_zoned = int(self.address.settings["overlap"]), column.kind == "instant"
        start = watermarks.start(database, newest, overlap, is_zoned=is_zoned)
        if start is not None:
            self.positions[table.name] = Position(name, newest, start)
            if last and last.column == name and not watermarks.falls(last.newest, newest):
                self.say(f"  {table.name}: {read.relation} since {column.name} {last.read_from}")
                return replace(read, since=last.read_from)
        why = f"; {last.column} had come to {last.newest}" if last else ""
        self.say(f"  {table.name}: all of {read.relation}, by {column.name} next time{why}")
        return read


def _first(names: Iterable[str], there: Mapping[str, Column]) -> Column | None:
    """The first of these columns that is there."""
    return next((there[known] for name in names if (known := _same(name, there))), None)


def _same(name: str, known: Iterable[str]) -> str | None:
    """Return the name as the source spells it; upper and lower case are one where that is clear."""
    alike = [spelled for spelled in known if spelled.lower() == name.lower()]
    return name if name in alike else alike[0] if len(alike) == 1 else None


def _buffered(database: Database, table: Table, read: Read, stack: ExitStack) -> SourceFile:
    """Write rows to a temporary file without a name: gone with the process, however it ends."""
    hidden, reading = not sys.stderr.isatty(), f"reading {read.relation}"
    try:
        file = tempfile.TemporaryFile(buffering=_BLOCK)  # noqa: SIM115 - closed by the stack
        stack.callback(_close, file)
        with tqdm.wrapattr(file, "write", desc=reading, leave=False, disable=hidden) as sink:
            database.write(read, sink)
        file.flush()
        size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise LoaderError(
            f"{read.relation} cannot be kept in {tempfile.gettempdir()} while it is landed"
            f" ({error.strerror}): make room, or set TMPDIR to a folder with more."
        ) from error
    mode = "snapshot" if read.since is None else "delta"
    return SourceFile(table, read.relation, size, lambda: reader_of(file), mode)


def _close(file: IO[bytes]) -> None:
    with suppress(OSError):  # what a full disk refused before, it refuses again
        file.close()
