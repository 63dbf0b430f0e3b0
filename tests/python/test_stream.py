"""Topics as a source: what an event becomes, what is refused, what a sink that is killed leaves."""

import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker import Broker, Event, network_of, running
from concurrency import open_session
from conftest import Named, Query
from crash import SEED
from loaders.cli import main
from loaders.errors import LoaderError, PassingError
from loaders.land import Counts, land
from loaders.paths import project_root
from loaders.sample import stream
from loaders.sources.events import BadEvent, row_of
from loaders.sources.kafka import parse
from loaders.stream import _CANCELED
from loaders.tables import BY_NAME

SELLERS = BY_NAME["sellers"]
TOPIC = "olist.sellers"
CURRENT = "select seller_id, seller_city from raw.sellers where _until_batch_id is null order by 1"
OFFSETS = "select partition, next_offset from raw._offsets order by 1"
KILLS = int(os.environ.get("OLIST_KILLS", "30"))


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with running(tmp_path_factory.mktemp("broker") / "data") as started:
        yield started


@pytest.fixture
def topic(broker: Broker, request: pytest.FixtureRequest) -> str:
    """A topic of sellers that no other test has."""
    name = f"test{abs(hash(request.node.name))}.sellers"
    broker.create(name)
    return name


def seller(key: str, city: str | None = "a", **more: Any) -> tuple[str, str]:
    row = {"seller_id": key, "seller_zip_code_prefix": "01037", "seller_city": city}
    return json.dumps({"seller_id": key}), json.dumps(row | {"seller_state": "SP"} | more)


def sent(location: str) -> Counts:
    return land(location, say=lambda _: None)


ROW = ["s1", "01037", "a", "SP", ""]
KEY, VALUE = (text.encode() for text in seller("s1"))
GOOD = {
    "key as text": (b"s1", VALUE, ROW),
    "key in a schema": (b'{"schema": {}, "payload": {"seller_id": "s1"}}', VALUE, ROW),
    "null removes": (KEY, None, ["s1", "", "", "", "true"]),
    "no letter of a number changes": (
        b"1e3",
        seller("s1")[1].replace('"s1"', "1e3").replace('"01037"', "12.50").encode(),
        ["1e3", "12.50", "a", "SP", ""],
    ),
    "null and truth": (
        KEY,
        seller("s1", None, seller_state=True)[1].encode(),
        ["s1", "01037", "", "true", ""],
    ),
}
OPS = {"c": ROW, "r": ROW, "u": ROW, "d": ["s1", "", "", "", "true"]}


@pytest.mark.parametrize("case", GOOD)
def test_an_event_is_a_row(case: str) -> None:
    key, value, row = GOOD[case]
    assert row_of(SELLERS, key, value) == row


@pytest.mark.parametrize("with_schema", [True, False])
@pytest.mark.parametrize("operation", OPS)
def test_the_envelope_of_debezium_is_understood(operation: str, with_schema: bool) -> None:
    row = json.loads(VALUE)
    sides = {"before": row, "after": None} if operation == "d" else {"before": None, "after": row}
    event = {**sides, "source": {"table": "sellers"}, "op": operation, "ts_ms": 1}
    value = json.dumps({"schema": {}, "payload": event} if with_schema else event)
    assert row_of(SELLERS, KEY, value.encode()) == OPS[operation]


BAD = {
    "no key": (None, VALUE),
    "no key at all": (b"", VALUE),
    "a key of": (b"k" * 2001, VALUE),
    "its key is not seller_id": (b'{"order_id": "s1"}', VALUE),
    "empty key": (b'{"seller_id": null}', VALUE),
    "its key is not that of the row": (b"s2", VALUE),
    "no JSON": (KEY, b"{"),
    "no JSON, deep": (KEY, b"[" * 500_000),
    "no JSON, empty": (KEY, b""),
    "not an object": (KEY, b"[1]"),
    "not an object, null": (KEY, b"null"),
    "not an object, in an envelope": (KEY, b'{"before": null, "after": 3, "op": "c"}'),
    "not an object, payload": (KEY, b'{"schema": {}, "payload": 3}'),
    "unknown column color": (KEY, seller("s1", color="red")[1].encode()),
    "unknown column, NUL": (KEY, seller("s1", **{"\0x": "1"})[1].encode()),
    "unknown column, half a letter": (KEY, seller("s1", **{"\ud800": "1"})[1].encode()),
    "without the column seller_city": (
        KEY,
        b'{"seller_id": "s1", "seller_zip_code_prefix": "1", "seller_state": "SP"}',
    ),
    "without the column, in an envelope": (KEY, b'{"before": null, "after": null, "op": "c"}'),
    "an operation": (KEY, b'{"before": null, "after": null, "op": "t"}'),
    "a value of": (KEY, seller("s1", "x" * 1_000_000)[1].encode()),
    "not UTF-8": (KEY, seller("s1")[1].encode().replace(b'"a"', b'"\xe3"')),
    "not UTF-8, key": (b"\xff", VALUE),
    "seller_city has a NUL": (KEY, seller("s1", "a\0b")[1].encode()),
    "seller_city has half": (KEY, seller("s1", "\ud800")[1].encode()),
    "seller_city is no text": (KEY, seller("s1", seller_city={"x": 1})[1].encode()),
    "seller_city is no text, NaN": (KEY, seller("s1", seller_city=float("nan"))[1].encode()),
    "seller_city was left out": (KEY, seller("s1", "__debezium_unavailable_value")[1].encode()),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_event_says_why(case: str) -> None:
    with pytest.raises(BadEvent, match=f"^{case.partition(',')[0].removesuffix(' at all')}"):
        row_of(SELLERS, *BAD[case])


_TEXT = st.text(max_size=5) | st.sampled_from(["s1", "c", "d", *SELLERS.columns])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(_TEXT, inner, max_size=3)
        | st.fixed_dictionaries({"before": inner, "after": inner, "op": inner})
        | st.fixed_dictionaries({"schema": inner, "payload": inner})
        | st.fixed_dictionaries(dict.fromkeys(SELLERS.columns, inner))
    ),
)
_BYTES = st.none() | st.binary(max_size=20) | _JSON.map(lambda found: json.dumps(found).encode())


@given(_BYTES, _BYTES)
def test_any_event_is_a_row_or_a_bad_event(key: bytes | None, value: bytes | None) -> None:
    with suppress(BadEvent):
        row = row_of(SELLERS, key, value)
        assert len("".join(row).encode()) >= 1
        assert len(row) == len(SELLERS.columns) + 1


def test_what_comes_is_landed_once(
    broker: Broker, topic: str, query: Query, database: dict[str, str]
) -> None:
    """The last event of a key holds; null removes; what was read is not read again."""
    url = broker.url(topic)
    assert sent(url) == Counts()  # an empty topic is no error
    broker.send([(topic, *seller("s1")), (topic, *seller("s2")), (topic, *seller("s1", "b"))])
    broker.send([(topic, *seller("s3")), (topic, seller("s3")[0], None)])
    assert sent(url) == Counts(read=5, new=2)
    assert query(CURRENT) == [("s1", "b"), ("s2", "a")]
    assert sent(url) == Counts()
    broker.send([(topic, seller("s1")[0], None), (topic, *seller("s2", "c"))])
    assert sent(url) == Counts(read=2, changed=1, removed=1)
    assert query(CURRENT) == [("s2", "c")]
    for _ in range(2):  # an event again, in a file like the one before
        broker.send([(topic, *seller("s2", "c"))])
        assert sent(url) == Counts(read=1)
    assert query(OFFSETS) == [(0, 9)]
    versions = query("select * from raw.sellers order by 1, 2")
    again = sent(broker.url(topic, query="?from=beginning"))  # from offset 0
    assert (again.read, again.anything) == (9, False)
    assert query("select * from raw.sellers order by 1, 2") == versions


def test_bad_events_stop_nothing(
    broker: Broker, topic: str, query: Query, capsys: pytest.CaptureFixture[str]
) -> None:
    """A thousand among good ones: each is listed, and the good ones land."""
    draw, bad = random.Random(1), 0
    events: list[Event] = []
    for number in range(3_000):
        events.append((topic, *seller(f"s{number}")))
        if number % 3 == 0:
            small = [case for case in BAD if case != "a value of" or number % 300 == 0]
            key, value = BAD[draw.choice(small)]
            events.append((topic, key, value and value[:999_000] if number % 300 else value))
            bad += 1
    broker.send(events, **{"message.max.bytes": 2_000_000})
    assert sent(broker.url(topic)) == Counts(read=4_000, new=3_000, rejected=bad)
    assert query("select count(*), count(distinct line_number) from raw._rejected_rows") == [
        (bad, bad)
    ]
    assert query("select count(*) from raw.sellers where seller_city = 'a'") == [(3_000,)]
    offset = query("select min(line_number) from raw._rejected_rows")[0][0]
    assert main(["rejects"]) == 0
    said = capsys.readouterr().out
    assert f"batch 1: {topic}, partition 0, offset {offset}: " in said
    assert said.endswith(
        f"{bad:,} rejected rows\nsend a right event with the same key to the topic\n"
    )


def test_rows_that_copy_would_misread_are_landed(broker: Broker, topic: str, query: Query) -> None:
    """The header again as a row, the end of a COPY, quotes and line ends."""
    header = {name: name for name in SELLERS.columns}
    cities = {"s1": "\\.", "s2": 'a "b"\r\nc', "s3": "x\n\\.\ny", "s4": " ", "s5": "São, Paulo"}
    broker.send([(topic, "seller_id", json.dumps(header))])
    broker.send([(topic, *seller(key, city)) for key, city in cities.items()])
    sent(broker.url(topic))
    assert query(CURRENT) == [
        ("s1", "\\."),
        *list(cities.items())[1:],
        ("seller_id", "seller_city"),
    ]


def remade(broker: Broker, topic: str, events: int) -> None:
    broker.delete(topic)
    broker.create(topic)
    broker.send([(topic, *seller(f"other{number}")) for number in range(events)])


@pytest.mark.parametrize("how", ["shorter", "empty", "as long", "longer", "cluster", "gone", "cut"])
def test_a_topic_that_is_another_one_is_refused(
    broker: Broker, topic: str, query: Query, how: str
) -> None:
    """In one sentence with a way out, which works."""
    url = broker.url(topic)
    broker.send([(topic, *seller(f"s{number}")) for number in range(5)])
    sent(url)
    if how == "cluster":
        query("update raw._offsets set cluster_id = 'another'")
    elif how == "gone":
        query("update raw._offsets set partition = 7")
    elif how == "cut":
        query("update raw._offsets set next_offset = 3, last_event = null")
        broker.cut(topic, 4)
    else:
        remade(broker, topic, {"shorter": 3, "empty": 0, "as long": 5, "longer": 9}[how])
    before = query("select * from raw._offsets")
    if how == "as long":  # nothing new is no event to know it by: the next one is
        assert sent(url) == Counts()
        broker.send([(topic, *seller("new"))])
    with pytest.raises(
        LoaderError, match=r"run once: olist land 'kafka://.*from=beginning'"
    ) as error:
        sent(url)
    assert not isinstance(error.value, PassingError)
    assert query("select * from raw._offsets") == before
    sent(broker.url(topic, query="?from=beginning"))
    ((held,),) = query("select count(*) from raw.sellers where seller_id like 'other%'")
    assert held == {"shorter": 3, "as long": 5, "longer": 9}.get(how, 0)
    broker.send([(topic, *seller("later"))])
    assert sent(url) == Counts(read=1, new=1)


def test_a_url_is_read() -> None:
    address = parse("kafka://user:p%40ss@a:1,b:2/shop.public.orders,olist.sellers?sasl.mechanism=X")
    assert address.servers == "a:1,b:2"
    assert {topic: table.name for topic, table in address.tables.items()} == {
        "shop.public.orders": "orders",
        "olist.sellers": "sellers",
    }
    assert address.settings == {
        **{"security.protocol": "SASL_SSL", "sasl.mechanism": "X"},
        **{"sasl.username": "user", "sasl.password": "p@ss"},
    }
    assert "p@ss" not in address.source
    assert list(parse("kafka://a:1/x?table=sellers").tables) == ["x"]
    assert len(parse("kafka://a:1").tables) == 8


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        *((bad, "URL cannot be read") for bad in ("", "/t", "a/olist.orders?from=5")),
        ("a/olist.nothing", "topic olist.nothing names no raw table"),
        ("a/olist.orders?table=ordrs", "ordrs names no raw table"),
        ("a/olist.geolocation", "geolocation has no key"),
        ("a/x.orders,y.orders", "another one is of orders"),
        ("a?no.setting=1", "no.setting"),
    ],
)
def test_a_url_that_cannot_be_read_is_one_sentence(
    location: str, reason: str, database: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["land", f"kafka://{location}"]) == 1
    said = capsys.readouterr().err
    assert re.fullmatch(r"olist: [^\n]+\.\n", said)
    assert reason in said


def start(
    variables: dict[str, str], *arguments: str, log: IO[str] | int = subprocess.PIPE
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "loaders", "stream", *arguments],
        cwd=project_root(),
        env={**os.environ, **variables},
        stdout=log,
        stderr=subprocess.STDOUT,
        text=True,
    )


def until(condition: Any, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


def test_status_tells_of_lag_and_age(
    broker: Broker, topic: str, database: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    broker.send([(topic, *seller("s1")), (topic, "s2", "{")])
    sent(broker.url(topic))
    broker.send([(topic, *seller("s3")), (topic, *seller("s4"))])
    assert main(["status"]) == 0
    said = capsys.readouterr().out
    assert re.search(rf"^{topic}, partition 0: 2 events to land; newest \d+ s old$", said, re.M)
    assert main(["status", "--prometheus"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(
        re.fullmatch(r"# TYPE olist_\w+ (gauge|counter)|\w+{.*} \S+", line) for line in lines
    )
    assert f'olist_stream_lag_events{{topic="{topic}",partition="0"}} 2' in lines
    assert 'olist_table_rows{table="sellers"} 1' in lines
    assert "olist_rows_rejected_total{} 1" in lines


@pytest.mark.slow
def test_facts_are_built_while_it_streams(
    broker: Broker, named: Named, history: tuple[Path, Path], tmp_path: Path
) -> None:
    """With a dbt that stays: what comes after the first build is in the second.

    Ctrl-C cancels a build that runs: this one has to wait for a lock.
    """
    waiting = "select count(*)::int from pg_stat_activity where wait_event_type = 'Lock'"
    waiting += " and datname = current_database() and application_name = 'dbt'"
    with named("first") as made, (tmp_path / "log").open("w+") as log:
        made.land(history[0], "snapshot")
        topics = ("built.customers", "built.orders", "built.invoices")
        for name in topics:
            broker.create(name)
        sink = start(
            made.variables, broker.url(*topics), "--every", "0.5s", "--build", "1s", log=log
        )
        built = "select count(*)::int from marts.fct_orders where order_id = 'o1'"
        try:
            until(lambda: "built in" in (tmp_path / "log").read_text(), 300)
            assert made.query(built) == [(0,)]
            order = dict.fromkeys(BY_NAME["orders"].columns, "")
            order |= {"order_id": "o1", "customer_id": "c1", "order_status": "created"}
            invoice = dict.fromkeys(BY_NAME["invoices"].columns, "")
            invoice |= {"invoice_id": "i1", "invoiced_at": "2018-01-01 10:00:00"}
            broker.send(
                [
                    ("built.orders", "o1", json.dumps(order)),
                    ("built.invoices", "i1", json.dumps(invoice)),
                ]
            )
            until(lambda: made.query(built) == [(1,)], 300)
            until(lambda: (tmp_path / "log").read_text().count("built in") >= 2, 300)
            assert (
                made.query("select invoice_count::int from reports.rpt_recent_invoices")
                == [(1,)] * 3
            )
            with closing(open_session(made.variables)) as session, session.cursor() as cursor:
                cursor.execute("lock table marts.fct_orders")
                order |= {"order_id": "o2"}
                broker.send([("built.orders", "o2", json.dumps(order))])
                until(lambda: made.query(waiting) != [(0,)], 300)
                before = (tmp_path / "log").read_text()
                sink.send_signal(signal.SIGINT)
                sink.wait(60)
                assert made.query(waiting) == [(0,)]
        finally:
            sink.send_signal(signal.SIGTERM)
            sink.wait(60)
        assert "Traceback" not in (tmp_path / "log").read_text()
        log_of_end = (tmp_path / "log").read_text().removeprefix(before).splitlines()
        assert log_of_end == [_CANCELED, "stopped after a complete batch"]
        assert sink.returncode == 0


def test_a_second_sink_waits_and_sigterm_ends_after_a_batch(
    broker: Broker, topic: str, database: dict[str, str], query: Query
) -> None:
    first = start(database, broker.url(topic), "--every", "0.1s")
    broker.send([(topic, *seller("s1"))])
    until(
        lambda: (
            query("select to_regclass('raw.sellers') is not null") == [(True,)] and query(CURRENT)
        )
    )
    second = start(database, broker.url(topic), "--every", "0.1s")
    assert second.stdout
    assert "another sink reads" in second.stdout.readline()
    first.send_signal(signal.SIGTERM)
    assert first.communicate(timeout=30)[0].splitlines()[-1] == "stopped after a complete batch"
    assert first.returncode == 0
    broker.send([(topic, *seller("s2"))])
    until(lambda: len(query(CURRENT)) == 2)
    second.send_signal(signal.SIGINT)
    second.communicate(timeout=30)
    assert second.returncode == 0
    assert query("select count(*) from raw.sellers") == [(2,)]


def test_what_does_not_answer_is_waited_for(
    tmp_path: Path, database: dict[str, str], query: Query
) -> None:
    """A broker that stops and starts again, and a session that PostgreSQL ends."""
    with running(tmp_path / "data") as own:
        own.create(TOPIC)
        sink = start(database, own.url(TOPIC, query="?socket.timeout.ms=1000"), "--every", "0.1s")
        try:
            own.send([(TOPIC, *seller("s1"))])
            until(
                lambda: (
                    query("select to_regclass('raw.sellers') is not null") == [(True,)]
                    and query(CURRENT)
                )
            )
            own.stop()
            assert sink.stdout
            lines = [sink.stdout.readline() for _ in range(2)]
            assert "Retrying until it succeeds." in lines[-1]
            own.start()
            own.send([(TOPIC, *seller("s2"))])
            until(lambda: len(query(CURRENT)) == 2)
            query(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where pid <> pg_backend_pid() and datname = current_database()"
            )
            own.send([(TOPIC, *seller("s3"))])
            until(lambda: len(query(CURRENT)) == 3)
            assert query("select count(*) from raw._batches where status = 'failed'") == [(0,)]
        finally:
            sink.kill()
            sink.communicate()


def test_a_network_that_is_cut_in_a_batch_loses_nothing(
    tmp_path: Path, database: dict[str, str], query: Query
) -> None:
    """Connections that close, and answers that get lost, for a moment or until a batch gives up."""
    print(f"OLIST_CRASH_SEED={SEED}")
    draw, sent, log = random.Random(SEED), 1, tmp_path / "log"
    rows, offsets = (
        "select count(*)::int from raw.sellers",
        "select sum(next_offset)::int from raw._offsets",
    )
    with running(tmp_path / "data") as own, network_of(own) as network, log.open("w") as file:
        own.create(TOPIC, 2)
        url = f"kafka://{network.servers}/{TOPIC}?socket.timeout.ms=1000"
        own.send([(TOPIC, *seller("s0"))])
        land(url, say=lambda _: None)
        sink = start(database, url, "--every", "0.1s", log=file)
        try:
            for silent, is_long in itertools.product((False, True), repeat=2):
                network.cut(draw.randrange(1, 100_000), silent=silent)  # of 200,000
                own.send((TOPIC, *seller(f"s{sent + number}")) for number in range(1000))
                until(lambda: network.is_cut)
                if is_long:
                    given_up = log.read_text().count("Retrying")
                    until(lambda given_up=given_up: log.read_text().count("Retrying") > given_up)
                    assert query(rows) == query(offsets) == [(sent,)]
                network.mend()
                sent += 1000
                until(lambda sent=sent: query(rows) == [(sent,)])
        finally:
            sink.send_signal(signal.SIGTERM)
            assert sink.wait(60) == 0, log.read_text()
        assert query(offsets) == query("select sum(rows_read)::int from raw._batches") == [(sent,)]


def test_the_sample_is_played_at_the_rate_that_is_asked_for(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = [("orders", {"order_id": f"o{number}"}) for number in range(31)]
    monkeypatch.setattr(stream, "events_of", lambda *_: orders)
    started = time.monotonic()
    stream.play(broker.url(), rate=20, scale=0.001, seed=1, say=lambda _: None)
    assert time.monotonic() - started > 30 / 20
