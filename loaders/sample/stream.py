"""The synthetic orders as events: what happened to each, in the order of its times."""

import csv
import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from loaders.errors import LoaderError
from loaders.sample import generate
from loaders.sources.kafka import parse
from loaders.tables import BY_NAME

Row = dict[str, str]
_FIRST = ("product_category_name_translation", "sellers", "products")  # before all orders
_AT = {  # when a row is sent: a column of its own, or of its order
    "customers": "order_purchase_timestamp",
    "order_items": "order_purchase_timestamp",
    "order_payments": "order_approved_at",
    "order_reviews": "review_answer_timestamp",
    "invoices": "invoiced_at",
}
_STEPS = {  # moments of an order, and its status from each on
    "order_purchase_timestamp": "created",
    "order_approved_at": "approved",
    "order_delivered_carrier_date": "shipped",
    "order_delivered_customer_date": "delivered",
}
_LATE, _TWICE = 0.03, 0.02  # shares of the events


def play(
    location: str, rate: float, scale: float, seed: int, say: Callable[[str], None] = print
) -> None:
    """Send the events of a sample to the topics ``olist.<table>``, so many a second.

    Raises LoaderError when a setting is wrong, or an event does not arrive.
    """
    address, lost = parse(location), []

    def note(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            lost.append(error.str())

    settings = {"bootstrap.servers": address.servers, "log_level": 0, **address.settings}
    try:
        producer = Producer({"delivery.timeout.ms": 30_000, **settings, "on_delivery": note})
    except KafkaException as error:
        raise LoaderError(f"{address.source}: {error.args[0].str()}.") from error
    with TemporaryDirectory() as folder:
        generate(Path(folder), scale, seed, with_operations=True)
        events = [*events_of(Path(folder), random.Random(seed))]  # noqa: S311 - no secret
    first = sum(table in _FIRST for table, _ in events)
    say(f"sending {first:,} events of sellers and products, then {len(events) - first:,} of orders")
    started = time.monotonic()
    for number, (table, row) in enumerate(events, -first):
        while (wait := started + number / rate - time.monotonic()) > 0:
            producer.poll(wait)  # which ends when an event was delivered
        producer.poll(0)
        key = {name: row[name] for name in BY_NAME[table].key}
        value = {name: text or None for name, text in row.items()}
        if len(producer) > 50_000:  # noqa: PLR2004 - half of what it holds
            producer.flush()
        producer.produce(f"olist.{table}", json.dumps(value), json.dumps(key))
        if lost:
            break
    producer.flush()
    if lost:
        raise LoaderError(f"{address.source}: events were not delivered ({lost[0]}).")
    say("sent all")


def events_of(folder: Path, draw: random.Random) -> Iterator[tuple[str, Row]]:
    """Sellers and products, then the other rows as they happen: some late, some twice.

    What comes late comes behind what was to follow it, but never behind another version of itself.
    """
    for table in _FIRST:
        yield from ((table, row) for row in _rows(folder, table))
    timed: list[tuple[str, int, str, Row]] = []
    orders = {row["order_id"]: row for row in _rows(folder, "orders")}
    buyers = {row["customer_id"]: row for row in orders.values()}
    for order in orders.values():
        timed += ((at, len(timed), "orders", row) for at, row in _versions(order))
    for table, column in _AT.items():
        for row in _rows(folder, table):
            order = orders[row["order_id"]] if "order_id" in row else buyers[row["customer_id"]]
            at = row.get(column) or order[column] or order["order_purchase_timestamp"]
            if draw.random() < _LATE:
                late = datetime.fromisoformat(at) + timedelta(days=2 * draw.random())
                at = late.isoformat(" ", "seconds")
            timed.append((at, len(timed), table, row))
    for _, _, table, row in sorted(timed, key=lambda event: event[:2]):
        for _ in range(1 + (draw.random() < _TWICE)):
            yield table, row


def _versions(order: Row) -> Iterator[tuple[str, Row]]:
    """What an order was at each of its moments; the last one is what it is."""
    moments = [column for column in _STEPS if order[column]]
    at = ""
    for number, column in enumerate(moments):
        at = max(at, order[column])
        unknown = dict.fromkeys([*_STEPS][[*_STEPS].index(column) + 1 :], "")
        is_last = number == len(moments) - 1
        yield at, order if is_last else {**order, "order_status": _STEPS[column], **unknown}


def _rows(folder: Path, table: str) -> Iterator[Row]:
    if not (path := folder / BY_NAME[table].file).exists():  # an optional one
        return
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)
