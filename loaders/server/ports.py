"""A free TCP port on 127.0.0.1."""

import secrets
import socket
from collections.abc import Callable

from loaders.errors import LoaderError

HOST = "127.0.0.1"
# Below the range from which Linux (32768) and macOS (49152) take ports for outgoing connections,
# so that the remembered port is not lost to a passing connection.
FIRST, LAST = 15432, 29999
TRIES = 100


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As PostgreSQL does: connections that linger after a stop do not take the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    # macOS lets 127.0.0.1 be bound beside a listener on all addresses: ask for one, too.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) != 0


def pick(remembered: int | None, say: Callable[[str], None]) -> int:
    """The remembered port, or another free one (and say so when the remembered one is taken)."""
    if remembered is not None and is_free(remembered):
        return remembered
    for _ in range(TRIES):
        port = FIRST + secrets.randbelow(LAST - FIRST + 1)
        if is_free(port):
            if remembered is not None:
                say(
                    f"Port {remembered} is taken by another program: the embedded server uses "
                    f"port {port} from now on."
                )
            return port
    raise LoaderError(f"No free TCP port was found on {HOST} between {FIRST} and {LAST}.")
