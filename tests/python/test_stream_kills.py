"""Sinks and servers that are killed at any moment: `OLIST_KILLS=1000` for a thousand of them.

The sample is played as events. Each is read by exactly one batch that has landed, and what raw and
the facts have at the end is what a plain landing of the same rows gives.
"""

import json
import random
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path

import pytest

from broker import Broker, Event, running
from concurrency import ask, open_session
from crash import SEED, peak, run_load, start_load, until
from loaders.sample import generate
from loaders.sample.stream import events_of
from loaders.tables import BY_NAME, TABLES
from test_crash_server import home, kill_server, up
from test_stream import KILLS
from warehouse import STAR, Warehouse

__all__ = ["home"]  # a fixture
STREAMED = [table for table in TABLES if table.key]
READ = (
    "select coalesce(sum(rows_read), 0)::int, coalesce(sum(rows_rejected), 0)::int"
    " from raw._batches where status in ('landed', 'unchanged')"
)
NEWEST = "select max(batch_id) from raw._batches"
SCALE = 0.005


def current(variables: dict[str, str]) -> dict[str, list[tuple[object, ...]]]:
    return {
        table.name: ask(
            variables,
            f"select {', '.join(table.columns)} from raw.{table.name}"
            f" where _until_batch_id is null order by {', '.join(table.columns)}",
        )
        for table in STREAMED
    }


def sent(broker: Broker, folder: Path, draw: random.Random) -> list[list[Event]]:
    """The events of a sample, a bad one among ten, in as many parts as there are kills."""
    found: list[Event] = []
    for table, row in events_of(folder, draw):
        key = json.dumps({name: row[name] for name in BY_NAME[table].key})
        value = json.dumps({name: text or None for name, text in row.items()})
        found.append((f"olist.{table}", key, value))
        if draw.random() < 0.1:
            found.append((f"olist.{table}", key, value[: draw.randrange(len(value))]))
    for one in STREAMED:
        broker.create(f"olist.{one.name}", 2)
    cuts = sorted(draw.randrange(len(found)) for _ in range(KILLS))
    return [found[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]


def wait_for_batch(server: dict[str, str], known: list[tuple[object, ...]]) -> None:
    with until(lambda: ask(server, NEWEST) != known):
        pass


@contextmanager
def batch_held(server: dict[str, str]) -> Iterator[None]:
    """Let no batch write into raw during the block, so that it is in one when it is killed."""
    with closing(open_session(server)) as session, session.cursor() as cursor:
        for table in STREAMED:
            cursor.execute(f"lock table raw.{table.name} in share mode")
        yield


def test_no_event_is_lost_or_doubled(
    home: Path, postgres: dict[str, str], warehouse: Warehouse, tmp_path: Path
) -> None:
    print(f"OLIST_CRASH_SEED={SEED} OLIST_KILLS={KILLS}")
    draw, folder = random.Random(SEED), tmp_path / "files"
    generate(folder, SCALE, SEED)
    warehouse.land(folder, "snapshot")
    server, killed = up(home), {"sink": 0, "server": 0, "in a batch": 0}
    with running(tmp_path / "broker") as broker:
        url = broker.url(*(f"olist.{table.name}" for table in STREAMED))
        parts = sent(broker, folder, draw)
        run_load(server, str(folder / BY_NAME["geolocation"].file))
        ((geolocations, _),) = ask(server, READ)
        for number, part in enumerate(parts):
            sink = start_load(server, url, "--every", "0.05s", command="stream")
            known = ask(server, NEWEST)
            with batch_held(server) if number % 3 == 1 else nullcontext():
                broker.send(part[:5])
                if number % 3 and part:  # it is at work then
                    wait_for_batch(server, known)
                end = time.monotonic() + draw.uniform(0, 0.4)
                for start in range(5, len(part), 5):
                    broker.send(part[start : start + 5])
                time.sleep(max(0.0, end - time.monotonic()))
                if number % 5 == 4:
                    kill_server(home)
                sink.kill()
                sink.join()
            if number % 5 == 4:
                server = up(home)
            killed["server" if number % 5 == 4 else "sink"] += 1
        run_load(server, url)
        run_load(server, url)  # and again, with nothing new
        ((crashed,),) = ask(server, "select count(*) from raw._batches where status = 'crashed'")
        killed["in a batch"] = int(str(crashed))
        print(killed)
        events = sum(map(len, parts))
        assert ask(server, "select sum(next_offset)::int from raw._offsets") == [(events,)]
        ((read, rejected),) = ask(server, READ)
        assert read == events + geolocations
        ((listed, distinct),) = ask(
            server,
            "select count(*), count(distinct (file_name, partition, line_number))"
            " from raw._rejected_rows",
        )
        assert rejected == listed == distinct > 0
        assert current(server) == current(warehouse.variables)
        if KILLS >= 30:
            assert killed["in a batch"] > KILLS / 5
        run_load(server, f"{url}?from=beginning")
        ((anything,),) = ask(
            server,
            "select rows_new + rows_changed + rows_removed from raw._batches"
            " order by batch_id desc limit 1",
        )
        assert anything == 0
    streamed = Warehouse(server, tmp_path / "dbt")
    for one in (streamed, warehouse):
        one.dbt("build", *STAR)
    for name in ("fct_orders", "fct_order_items", "fct_payments", "fct_reviews"):
        columns = [
            column
            for (column,) in warehouse.query(
                "select column_name::text from information_schema.columns"
                f" where table_schema = 'marts' and table_name = '{name}'"
                " and column_name <> '_batch_id' order by 1"
            )
        ]
        rows = [one.mart(name, ", ".join(columns)) for one in (streamed, warehouse)]
        assert rows[0] == rows[1] != []


@pytest.mark.slow
def test_a_batch_of_any_size_has_the_memory_of_a_small_one(
    database: dict[str, str], tmp_path: Path
) -> None:
    with running(tmp_path / "broker") as broker:
        broker.create("olist.sellers")
        row = {"seller_zip_code_prefix": "1", "seller_city": "a" * 100, "seller_state": "SP"}
        peaks = []
        # This broker answers with all that a partition has, whatever size it is asked for: with
        # more events its answer alone would be too large, where Kafka's is of 50 MB at most.
        for count in (1_000, 50_000):
            broker.send(
                ("olist.sellers", f"s{n}", json.dumps({"seller_id": f"s{n}", **row}))
                for n in range(count)
            )
            peaks.append(peak("land", broker.url("olist.sellers")))
    print(peaks)
    assert peaks[1] < peaks[0] + 64_000
