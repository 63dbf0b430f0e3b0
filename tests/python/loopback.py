"""Servers on the loopback address: stand-ins of what others serve, and ways that can be cut."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Pass = Callable[[socket.socket, socket.socket], None]


class _Server(ThreadingHTTPServer):
    def handle_error(self, *arguments: Any) -> None:
        """A client that has gone is no news."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*arguments)


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serve on a free port until the end of the block; its address is ``127.0.0.1:port``."""
    quiet = type("Quiet", (handler,), {"log_message": lambda *_: None})  # keeps the output clean
    server = _Server(("127.0.0.1", 0), quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def copy(source: socket.socket, to: socket.socket) -> None:
    """Pass on what comes."""
    while block := source.recv(4096):
        to.sendall(block)


@contextmanager
def forwarding(target: tuple[str, int], ask: Pass = copy, answer: Pass = copy) -> Iterator[int]:
    """Forward a free port to a target until the end of the block.

    ``ask`` passes on what a client sends, ``answer`` what it gets; where one of them ends, so does
    the connection.
    """

    def passing(way: Pass, *ends: socket.socket) -> None:
        with suppress(OSError):
            way(*ends)
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept(entrance: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = entrance.accept()
                server = socket.create_connection(target)
                for way in ((ask, client, server), (answer, server, client)):
                    threading.Thread(target=passing, args=way, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as entrance:
        threading.Thread(target=accept, args=(entrance,), daemon=True).start()
        yield int(entrance.getsockname()[1])
