"""A source database: its tables as CSV, whole or what has changed since the last load."""

import hashlib
import importlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from types import ModuleType

import psycopg2
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from loaders.connection import connect, reason_of
from loaders.errors import LoaderError
from loaders.sources.database import catalogue, watermark
from loaders.sources.database.catalogue import Found
from loaders.sources.database.engine import Engine, Read
from loaders.sources.database.spool import spooled
from loaders.sources.database.url import Address, parse
from loaders.sources.database.watermark import Position
from loaders.sources.delivery import Delivery
from loaders.sources.request import Request
from loaders.sources.source_file import SourceFile

_MAKES = {"mysql": "mysql", "postgresql": "postgres"}


@dataclass(frozen=True)
class _Load:
    """One load of a source: what is asked, how far the last one came, how far this one does."""

    address: Address
    request: Request
    last: dict[str, Position]
    positions: dict[str, Position] = field(default_factory=dict)

    def remember(self, cursor: Cursor, batch_id: int) -> None:
        watermark.remember(cursor, batch_id, self.address.source, self.positions)


@contextmanager
def deliver(location: str, only: Sequence[str], request: Request) -> Iterator[Delivery]:
    """Read the tables of a source database to temporary files, at one moment of the source.

    A table with a watermark is read from where the last load came to, if it is known and a
    snapshot is not asked for; the rest whole. Loads of one source come one after the other. Raises
    LoaderError when the source cannot be read.
    """
    address = parse(location)
    make = _make(address)
    with _turn(address.source, request) as link, ExitStack() as stack:
        try:
            load = _Load(address, request, _last(link, address.source, request))
            files = _read(make, load, only, stack)
        except LoaderError as error:
            error.source = address.source
            raise
        yield Delivery(address.source, files, remember=load.remember, is_utf_8=True)


def _make(address: Address) -> ModuleType:
    try:
        return importlib.import_module(f"{__name__}.{_MAKES[address.engine]}")
    except ModuleNotFoundError as error:
        raise LoaderError(
            f"{address.engine}:// needs the extra mysql: .venv/bin/pip install -e '.[mysql]'."
        ) from error


@contextmanager
def _turn(source: str, request: Request) -> Iterator[Connection]:
    """Hold a lock of the warehouse on this source.

    What a load has read must be landed before the next one reads: it goes on from there. The lock
    ends with its connection.
    """
    lock = int.from_bytes(hashlib.sha256(source.encode()).digest()[:8], signed=True)
    with connect(autocommit=True) as link:
        with _warehouse(), link.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(%s)", (lock,))
            if cursor.fetchone() != (True,):
                if not request.wait:
                    raise LoaderError(
                        f"another load of {source} is running; leave out --no-wait to wait for it."
                    )
                request.say(f"another load of {source} is running: waiting for it to end")
                cursor.execute("select pg_advisory_lock(%s)", (lock,))
        yield link


@contextmanager
def _warehouse() -> Iterator[None]:
    """Tell in a sentence what the warehouse did not do."""
    try:
        yield
    except psycopg2.Error as error:
        reason = reason_of(error)
        raise LoaderError(f"PostgreSQL stopped the load: {reason}.") from error


def _last(link: Connection, source: str, request: Request) -> dict[str, Position]:
    if request.mode == "snapshot":
        return {}
    with _warehouse(), link.cursor() as cursor:
        return watermark.known(cursor, source)


def _read(make: ModuleType, load: _Load, only: Sequence[str], stack: ExitStack) -> list[SourceFile]:
    source, files, doing = load.address.source, [], "cannot be used"
    try:
        with make.opened(load.address) as engine:
            found, missing = catalogue.find(load.address, engine.relations(), only)
            for name in missing:
                load.request.say(f"{name}: not in {source}")
            for one in found:
                doing = f"{one.read.relation} cannot be read"
                files.append(_spooled(engine, one, _since(engine, load, one), stack))
    except make.ERRORS as error:
        reason = make.reason(error).rstrip(".")
        raise LoaderError(f"{source}: {doing}: {reason}; nothing of it was landed.") from error
    return files


def _since(engine: Engine, load: _Load, found: Found) -> Read:
    """Return what to read of a table, and note how far that will be."""
    read, table, column = found.read, found.table.name, found.read.watermark
    before = load.last.get(table)
    newest = engine.newest(read.relation, column) if column else None
    if column is None or newest is None:
        load.request.say(f"  {table}: all of {read.relation}")
        return read
    now = watermark.position(engine, read.relation, column, newest, load.address.overlap)
    if now is not None:
        load.positions[table] = now
    if before is None or not watermark.goes_on(before, now, column):
        why = f"; {before.column} had come to {before.newest}" if before else ""
        load.request.say(f"  {table}: all of {read.relation}, by {column.name} next time{why}")
        return read
    load.request.say(f"  {table}: {read.relation} since {column.name} {before.read_from}")
    return replace(read, since=before.read_from)


def _spooled(engine: Engine, found: Found, read: Read, stack: ExitStack) -> SourceFile:
    kept = stack.enter_context(spooled())
    kept.fill(read.relation, lambda sink: engine.write(read, sink))
    mode = "snapshot" if read.since is None else "delta"
    return SourceFile(found.table, read.relation, kept.size, kept.open, mode)
