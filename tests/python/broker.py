"""A real Kafka broker as a process: noida-db of PyPI. A test whose broker is not there says so."""

import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import pytest

pytest.importorskip("noida_db", reason="there is no Kafka broker here: make stream")
pytest.importorskip("confluent_kafka", reason="the client is not installed: make stream")
import noida_db
from confluent_kafka import KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

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

    def __init__(self, broker: Broker) -> None:
        self._left, self._is_silent = self._WHOLE, False
        self._entrance = socket.create_server(("127.0.0.1", 0))
        port = self._entrance.getsockname()[1]
        self.servers, self._port = f"127.0.0.1:{port}", broker.port
        # The broker's answers have its address, by which a client would go around this way.
        ports = [number.to_bytes(4, "big") for number in (broker.port, port)]
        self._named = re.compile(rb"(127\.0\.0\.1|localhost)" + re.escape(ports[0]), re.DOTALL)
        self._renamed = ports[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._entrance.close()

    @property
    def is_cut(self) -> bool:
        return self._left <= 0

    def cut(self, after: int, *, silent: bool) -> None:
        """Close connections after so many bytes, or (silent) lose what is sent from then on."""
        self._is_silent, self._left = silent, after

    def mend(self) -> None:
        self._left = self._WHOLE

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._entrance.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                for way, *ends in ((self._ask, client, server), (self._answer, server, client)):
                    threading.Thread(target=self._pass, args=(way, *ends), daemon=True).start()

    @staticmethod
    def _pass(
        way: Callable[[socket.socket, socket.socket], None],
        source: socket.socket,
        to: socket.socket,
    ) -> None:
        with suppress(OSError):
            way(source, to)
        for end in (source, to):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        while block := client.recv(4096):
            server.sendall(block)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        is_lost = False  # for good: a connection has no gaps
        while block := server.recv(65_536):
            block = self._named.sub(lambda found: found[1] + self._renamed, block)
            left, self._left = self._left, self._left - len(block)
            if not is_lost:
                client.sendall(block[: max(0, left)])
            is_lost |= left < len(block)
            if is_lost and not self._is_silent:
                return
