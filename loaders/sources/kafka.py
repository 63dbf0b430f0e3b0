"""Kafka topics: what they have since the last load, as one file of changes per topic.

Exactly once: partitions are assigned at the offsets in ``raw._offsets``, never by a consumer group,
and the next ones are written there in the batch's transaction (docs/stream.md).
"""

import csv
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import IO, Any, NamedTuple, NoReturn
from urllib.parse import parse_qsl, unquote

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from loaders.connection import connect, exclusive, lock_of
from loaders.errors import LoaderError, PassingError
from loaders.sources import REMOVED, Delivery, Request, SourceFile, named
from loaders.sources.events import BadEvent, row_of
from loaders.sources.text import reader_of
from loaders.tables import BY_NAME, TABLES, Table

_PATIENCE = 10.0  # seconds for an answer of the brokers
_MOST_REJECTED = 10_000  # events of one batch: it ends there, and the next one goes on
_SHOWN = 1000  # bytes of a bad event
_SETTINGS = {
    "group.id": "olist",  # a name that the library wants; no group is joined
    "enable.auto.commit": False,
    "auto.offset.reset": "error",
    "isolation.level": "read_committed",
    "enable.partition.eof": True,
    "fetch.wait.max.ms": 100,
    "queued.max.messages.kbytes": 16_384,
    "log_level": 0,
}
_OFFSETS = """
insert into raw._offsets as old
    (topic, partition, next_offset, cluster_id, last_event, last_event_at, batch_id)
values (%s, %s, %s, %s, %s, to_timestamp(%s), %s)
on conflict (topic, partition) do update set
    (next_offset, last_event, last_event_at, batch_id, noted_at) =
    (excluded.next_offset, excluded.last_event, excluded.last_event_at, excluded.batch_id, now())
where old.next_offset = %s
"""
_REJECTED = """
insert into raw._rejected_rows
    (batch_id, table_name, file_name, partition, line_number, reason, raw_text)
values %s
"""

Place = tuple[str, int]  # topic and partition


class Position(NamedTuple):
    """How far a partition was read; ``event`` is the MD5 of the last event, ``at`` its time."""

    offset: int
    cluster: str
    event: str | None = None
    at: float | None = None


@dataclass(frozen=True)
class Address:
    """Brokers, the table of each topic, and settings of the library, by their names."""

    servers: str
    tables: Mapping[str, Table]
    settings: Mapping[str, Any]
    from_beginning: bool

    @property
    def source(self) -> str:
        """What the ledger calls it: no user, no password."""
        return f"kafka://{self.servers}/{','.join(self.tables)}"

    def unanswered(self, why: str) -> PassingError:
        """An error of the brokers, or of the way to them."""
        return PassingError(f"{self.source}: {why}; nothing of it was landed, land it again.")


def parse(location: str) -> Address:
    """Read ``kafka://[user:password@]host:port[/topic,…][?from=beginning&table=…&setting=…]``.

    Raises LoaderError, which repeats nothing of it that may be secret.
    """
    path, _, query = location.removeprefix("kafka://").partition("?")
    place, _, names = path.partition("/")
    login, _, servers = place.rpartition("@")
    settings: dict[str, Any] = dict(parse_qsl(query))
    start, named = settings.pop("from", None), settings.pop("table", None)
    if not servers or start not in {None, "beginning"}:
        raise LoaderError(
            "the stream's URL cannot be read: write it like"
            " kafka://host:9092/olist.orders,olist.order_items, once with ?from=beginning."
        )
    if login:
        user, _, password = login.partition(":")
        secrets = {"sasl.username": unquote(user), "sasl.password": unquote(password)}
        defaults = {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN"}
        settings = defaults | secrets | settings
    topics = names.split(",") if names else [f"olist.{table.name}" for table in TABLES if table.key]
    tables = {topic: BY_NAME.get(named or topic.rpartition(".")[2]) for topic in topics}
    for topic, table in tables.items():
        if table is None:
            known = ", ".join(table.name for table in BY_NAME.values() if table.key)
            raise LoaderError(
                f"{named or f'topic {topic}'} names no raw table: say ?table=<table>; there are"
                f" {known}."
            )
        if not table.key:
            raise LoaderError(
                f"topic {topic}: {table.name} has no key, so it comes as a file: olist land PATH."
            )
        if [*tables.values()].count(table) > 1:
            raise LoaderError(
                f"topic {topic}: another one is of {table.name}, too; land them by two commands."
            )
    known_tables = {topic: table for topic, table in tables.items() if table}
    return Address(servers, known_tables, settings, start is not None)


def lock_of_topic(topic: str) -> int:
    """The advisory lock of a topic: one sink at a time."""
    return lock_of(f"topic {topic}")


@contextmanager
def deliver(location: str, only: Sequence[str], request: Request) -> Iterator[Delivery]:
    """Read what the topics have since the last load, up to their ends now, to temporary files.

    Raises LoaderError where a topic is not the one that was read, PassingError where the brokers do
    not answer.
    """
    address = parse(location)
    if request.mode == "snapshot":
        raise LoaderError("a topic has changes and no whole table: leave out --mode snapshot.")
    if only:
        tables = {topic: table for topic, table in address.tables.items() if table.name in only}
        address = replace(address, tables=tables)

    def wait_for_turn(topic: str) -> None:
        if not request.wait:
            raise LoaderError(f"another sink reads {topic}; leave out --no-wait to wait for it.")
        request.say(f"another sink reads {topic}: waiting for it to end")

    with ExitStack() as stack:
        link = request.holder or stack.enter_context(connect())
        for topic in sorted(address.tables):
            stack.enter_context(
                exclusive(link, partial(wait_for_turn, topic), lock_of_topic(topic))
            )
        batch = _Batch(address, {} if address.from_beginning else _landed(link, address.tables))
        with named(address.source), reading(address) as consumer:
            batch.read(consumer, stack)
        yield Delivery(address.source, batch.delivered(), remember=batch.remember)


@contextmanager
def reading(address: Address) -> Iterator[Consumer]:
    """A consumer of the brokers. Raises PassingError where they do not answer."""
    try:
        settings = {**_SETTINGS, **address.settings, "bootstrap.servers": address.servers}
        consumer = Consumer(settings)
    except KafkaException as error:
        raise LoaderError(f"{address.source}: {error.args[0].str()}.") from error
    try:
        yield consumer
    except KafkaException as error:
        raise address.unanswered(error.args[0].str()) from error
    finally:
        consumer.close()


def _landed(link: Connection, topics: Iterable[str]) -> dict[Place, Position]:
    """How far these topics were landed."""
    with link.cursor() as cursor:
        cursor.execute("select to_regclass('raw._offsets') is not null")
        if cursor.fetchone() == (False,):
            return {}
        cursor.execute(
            "select topic, partition, next_offset, cluster_id, last_event,"
            " extract(epoch from last_event_at)::float8 from raw._offsets where topic = any(%s)",
            ([*topics],),
        )
        found = cursor.fetchall()
    link.commit()
    return {(topic, number): Position(*rest) for topic, number, *rest in found}


def ends(
    consumer: Consumer, topics: Iterable[str], patience: float = _PATIENCE
) -> tuple[str, dict[Place, tuple[int, int]]]:
    """The cluster, and the first and the next offset of each partition.

    Raises PassingError for a topic that is not there: somebody may be making it.
    """
    known = consumer.list_topics(timeout=patience)
    found = {}
    for topic in topics:
        if topic not in known.topics or known.topics[topic].error:
            raise PassingError(
                f"there is no topic {topic} (yet): make it, or send its first event."
            )
        for number in known.topics[topic].partitions:
            place = TopicPartition(topic, number)
            found[topic, number] = consumer.get_watermark_offsets(place, timeout=patience)
    return str(known.cluster_id), found


@dataclass
class _Batch:
    """What one load reads: from ``before`` on, up to ``after``."""

    address: Address
    before: Mapping[Place, Position]
    after: dict[Place, Position] = field(default_factory=dict)
    rejected: list[tuple[Any, ...]] = field(default_factory=list)  # table, topic, …
    files: dict[str, IO[str]] = field(default_factory=dict)

    def read(self, consumer: Consumer, stack: ExitStack) -> None:
        """Read each partition up to where it ends now."""
        self._writers = {}
        for topic, table in self.address.tables.items():  # files without a name: gone with us
            file = tempfile.TemporaryFile("w+", encoding="utf-8", newline="")  # noqa: SIM115
            self.files[topic] = stack.enter_context(file)
            self._writers[topic] = csv.writer(file, lineterminator="\n").writerow
            self._writers[topic]([*table.columns, REMOVED])
        cluster, found = ends(consumer, self.address.tables)
        for place in sorted(self.before.keys() - found.keys()):
            self._refuse(place, "is gone: the topic was made anew")
        waiting: dict[Place, int] = {}
        for place, (first, end) in found.items():
            self.after[place] = self._start(place, cluster, first, end)
            if end > self.after[place].offset:
                waiting[place] = end
        # The last event that was landed is read again where it is still there, to be known by it.
        starts = {place: max(found[place][0], self.after[place].offset - 1) for place in waiting}
        consumer.assign([TopicPartition(*place, start) for place, start in starts.items()])
        while waiting and len(self.rejected) < _MOST_REJECTED:
            message = consumer.poll(_PATIENCE)
            if message is None:
                raise self.address.unanswered(f"no answer for {_PATIENCE:.0f} seconds")
            place = (str(message.topic()), int(message.partition() or 0))
            if place in waiting and self._take(place, message, waiting[place]) >= waiting[place]:
                del waiting[place]
                consumer.pause([TopicPartition(*place)])

    def _start(self, place: Place, cluster: str, first: int, end: int) -> Position:
        """From where a partition is read; refuse it where it is not the one that was read."""
        was = self.before.get(place)
        if was is None:
            return Position(first, cluster)
        if was.cluster != cluster:
            self._refuse(place, f"was read from cluster {was.cluster}, and this is {cluster}")
        if first > was.offset:
            self._refuse(place, f"has lost its events {was.offset} to {first - 1}")
        if end < was.offset:
            self._refuse(place, f"ends at {end}, and was read to {was.offset}: it was made anew")
        return was

    def _refuse(self, place: Place, why: str) -> NoReturn:
        raise LoaderError(
            f"topic {place[0]}, partition {place[1]}, {why}; to go on with the events that it has,"
            f" run once: olist land '{self.address.source}?from=beginning' (what raw has stays, and"
            " what may be missing comes with an export)."
        )

    def _take(self, place: Place, message: Message, end: int) -> int:
        """Take an event of a partition; return the offset of the next."""
        was, offset = self.after[place], int(message.offset() or 0)
        if error := message.error():
            if error.code() == KafkaError._PARTITION_EOF:
                self.after[place] = was._replace(offset=max(offset, was.offset))
                return end
            if error.code() in (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE):
                self._refuse(place, f"has lost its events from {was.offset} on")
            raise self.address.unanswered(error.str())
        if offset >= end:
            return end
        parts = (message.timestamp()[1], message.key(), message.value())
        event = hashlib.md5(repr(parts).encode(), usedforsecurity=False).hexdigest()
        if offset >= was.offset:
            self._write(message)
            self.after[place] = was._replace(offset=offset + 1, event=event, at=parts[0] / 1000)
        elif was.event not in (None, event):
            self._refuse(place, f"has another event {offset} than was read: it was made anew")
        return offset + 1

    def _write(self, message: Message) -> None:
        """Write an event's row to the file of its topic, or list it as rejected."""
        topic, key, value = str(message.topic()), message.key(), message.value()
        try:
            self._writers[topic](row_of(self.address.tables[topic], key, value))
        except BadEvent as bad:
            data = b" ".join(part[:_SHOWN] for part in (key, value) if part)
            text = data.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
            place = (topic, message.partition(), message.offset())
            self.rejected.append((self.address.tables[topic].name, *place, str(bad), text))

    def delivered(self) -> list[SourceFile]:
        """The files of the topics that went on."""
        moved = {place[0] for place, now in self.after.items() if now != self.before.get(place)}
        found = []
        for topic in [topic for topic in self.address.tables if topic in moved]:
            file, table = self.files[topic], self.address.tables[topic]
            file.flush()
            size, opened = os.fstat(file.fileno()).st_size, partial(reader_of, file)
            bad = sum(event[1] == topic for event in self.rejected)
            table = replace(table, columns=(*table.columns, REMOVED))
            found.append(SourceFile(table, topic, size, opened, "changes", rejected=bad))
        return found

    def remember(self, cursor: Cursor, batch_id: int) -> None:
        """Note rejected events and next offsets, in the batch's transaction.

        Raises PassingError where the offsets are not those from which this batch was read.
        """
        execute_values(cursor, _REJECTED, [(batch_id, *event) for event in self.rejected])
        if self.address.from_beginning:
            topics = [*self.address.tables]
            cursor.execute("delete from raw._offsets where topic = any(%s)", (topics,))
        for place, now in self.after.items():
            was = self.before.get(place)
            cursor.execute(_OFFSETS, (*place, *now, batch_id, was and was.offset))
            if not cursor.rowcount:
                raise self.address.unanswered(f"another sink landed events of {place[0]} meanwhile")
