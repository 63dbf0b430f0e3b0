"""A loopback stand-in for whoever is to be alerted: it keeps what Apprise posts to it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from loopback import serving


@dataclass
class Inbox:
    """Messages that came, as (title, text); while it is ``closed``, none is accepted."""

    address: str = ""
    closed: bool = False
    messages: list[tuple[str, str]] = field(default_factory=list)

    @property
    def titles(self) -> list[str]:
        return [title.removeprefix("olist: ") for title, _ in self.messages]


@contextmanager
def open_inbox() -> Iterator[Inbox]:
    """Serve one until the end of the block."""
    inbox = Inbox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if not inbox.closed:
                inbox.messages.append((posted["title"], posted["message"]))
            self.send_response(503 if inbox.closed else 200)
            self.end_headers()

    with serving(Handler) as address:
        inbox.address = f"json://{address}"
        yield inbox
