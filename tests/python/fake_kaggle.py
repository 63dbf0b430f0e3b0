"""A loopback stand-in for Kaggle's API, and the redirect that sends the kaggle package there.

As Kaggle does, it answers ``DownloadDataset`` with a 302 to a GET that serves the zip by ranges.
"""

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from loopback import serving

TOKEN = "KGAT_token-that-nobody-may-see"
USER = "someone"
KEY = "key-that-nobody-may-see"
SIGNATURE = "signature-that-nobody-may-see"
SECRETS = (TOKEN, KEY, SIGNATURE, base64.b64encode(f"{USER}:{KEY}".encode()).decode())
ACCEPTED = {f"Bearer {TOKEN}", f"Basic {SECRETS[3]}"}

# Run by the interpreter of the child before anything else: the only place that knows of the
# stand-in. Waits between kaggle's retries are cut, to keep the tests fast.
SITE = """\
import time
from kagglesdk.kaggle_env import KaggleEnv, _env_to_endpoint
_env_to_endpoint[KaggleEnv.PROD] = {endpoint!r}
time.sleep = lambda seconds: None
"""


@dataclass
class Kaggle:
    """What the stand-in serves and how it misbehaves; what it was asked."""

    body: bytes = b""
    status: int = 302  # of DownloadDataset; 302 is a success
    file_status: int = 200  # of the GET behind the redirect
    cuts: int = 0  # so many answers of the GET stop half-way
    silent: bool = False  # no answer before the end of the test
    endpoint: str = ""
    requests: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def redirect(self, folder: Path) -> Path:
        """Write the redirect for a child that has ``folder`` in PYTHONPATH."""
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(SITE.format(endpoint=self.endpoint))
        return folder


def _handler(kaggle: Kaggle) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            call = self.path.rsplit("/", 1)[-1]
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kaggle.requests.append(call)
            if kaggle.silent:
                kaggle.ended.wait(60)
            elif call == "IntrospectToken":
                self._json(200, {"active": asked["token"] == TOKEN, "username": USER})
            elif self.headers["Authorization"] not in ACCEPTED:
                self._json(401, {"code": 401, "message": "Unauthenticated"})
            elif kaggle.status != 302:
                self._json(kaggle.status, {"code": kaggle.status, "message": "No"})
            else:
                assert (asked["ownerSlug"], asked["datasetSlug"]) == (
                    *("olistbr", "brazilian-ecommerce"),
                )
                self._head(302, Location=f"{kaggle.endpoint}/archive.zip?signature={SIGNATURE}")

        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            kaggle.requests.append(f"GET {wanted}".strip())
            if kaggle.file_status != 200:
                self._head(kaggle.file_status)
                return
            start, size = int(wanted.removeprefix("bytes=").rstrip("-") or 0), len(kaggle.body)
            data = kaggle.body[start:]
            headers = {"Accept-Ranges": "bytes", "ETag": '"1"', "Content-Length": str(len(data))}
            if wanted:
                headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
            self._head(206 if wanted else 200, **headers)
            self.wfile.write(data[: len(data) // 2] if kaggle.cuts > 0 else data)
            kaggle.cuts -= 1

        def _json(self, status: int, answer: dict[str, object]) -> None:
            body = json.dumps(answer).encode()
            self._head(status, Content_Type="application/json", Content_Length=str(len(body)))
            self.wfile.write(body)

        def _head(self, status: int, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()

    return Handler


@contextlib.contextmanager
def serve(kaggle: Kaggle) -> Iterator[Kaggle]:
    """Serve ``kaggle`` on a free loopback port until the end of the block."""
    with serving(_handler(kaggle)) as address:
        kaggle.endpoint = f"http://{address}"
        try:
            yield kaggle
        finally:
            kaggle.ended.set()
