"""A real Kafka broker as a process: noida-db of PyPI. A test whose broker is not there says so."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("noida_db", reason="there is no Kafka broker here: make stream")
pytest.importorskip("confluent_kafka", reason="the client is not installed: make stream")
import noida_db
from confluent_kafka import KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from loopback import forwarding

PROGRAM = Path(noida_db.__file__).with_name("noida-db")  # its command would be a process more
Event = tuple[str, bytes | str | None, bytes | str | None]  # topic, key, value


class Broker:
    """One broker, its data in a folder; it can be stopped, killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.start()

    @property
    def servers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, *topics: str, query: str = "") -> str:
        return f"kafka://{self.servers}/{','.join(topics)}{query}"

    def start(self) -> None:
        self._folder.mkdir(exist_ok=True)
        PROGRAM.chmod(0o755)
        with (self._folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(str(PROGRAM), "start", "--only", "kafka", "--data-dir", str(self._folder)),
                    *("--kafka-port", str(self.port)),
                ],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                self.admin().list_topics(timeout=2)
            except KafkaException:
                time.sleep(0.1)
            else:
                return
        raise AssertionError((self._folder / "log").read_text())

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    def replace(self) -> None:
        """Another cluster at the same address."""
        self.stop()
        shutil.rmtree(self._folder)
        self.start()

    def admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.servers, "log_level": 0})

    def create(self, topic: str, partitions: int = 1) -> None:
        admin = self.admin()  # which has to live until the answer
        admin.create_topics([NewTopic(topic, partitions)])[topic].result(10)

    def delete(self, topic: str) -> None:
        admin = self.admin()
        admin.delete_topics([topic])[topic].result(10)

    def cut(self, topic: str, offset: int) -> None:
        """Delete the events before an offset."""
        admin, place = self.admin(), TopicPartition(topic, 0, offset)
        admin.delete_records([place])[place].result(10)

    def send(self, events: Iterable[Event], **settings: Any) -> None:
        producer = Producer(
            {"bootstrap.servers": self.servers, "log_level": 0, "acks": "all", **settings}
        )
        failed: list[Any] = []

        def delivered(error: Any, _: Any) -> None:
            if error:
                failed.append(error)

        for topic, key, value in events:
            producer.produce(topic, value, key, on_delivery=delivered)
            producer.poll(0)
        assert producer.flush(30) == 0
        assert not failed


@contextmanager
def running(folder: Path) -> Iterator[Broker]:
    broker = Broker(folder)
    try:
        yield broker
    finally:
        broker.stop()


class Network:
    """The way to a broker, which can be cut after so many bytes of its answers."""

    _WHOLE = 1 << 60

    def __init__(self, broker: int, port: int) -> None:
        self.servers, self._left, self._is_silent = f"127.0.0.1:{port}", self._WHOLE, False
        # The broker's answers have its address, by which a client would go around this way.
        was, self._now = (number.to_bytes(4, "big") for number in (broker, port))
        self._named = re.compile(rb"(127\.0\.0\.1|localhost)" + re.escape(was), re.DOTALL)

    @property
    def is_cut(self) -> bool:
        return self._left <= 0

    def cut(self, after: int, *, silent: bool) -> None:
        """Close connections after so many bytes, or (silent) lose what is sent from then on."""
        self._is_silent, self._left = silent, after

    def mend(self) -> None:
        self._left = self._WHOLE

    def answer(self, server: socket.socket, client: socket.socket) -> None:
        """Pass on what the broker answers."""
        is_lost = False  # for good: a connection has no gaps
        while block := server.recv(65_536):
            block = self._named.sub(lambda found: found[1] + self._now, block)
            left, self._left = self._left, self._left - len(block)
            if not is_lost:
                client.sendall(block[: max(0, left)])
            is_lost |= left < len(block)
            if is_lost and not self._is_silent:
                return


@contextmanager
def network_of(broker: Broker) -> Iterator[Network]:
    """A way to a broker."""

    def answer(server: socket.socket, client: socket.socket) -> None:
        network.answer(server, client)

    with forwarding(("127.0.0.1", broker.port), answer=answer) as port:
        network = Network(broker.port, port)
        yield network
