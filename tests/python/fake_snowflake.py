"""A Snowflake account for tests: fakesnow, which translates its SQL for DuckDB.

A program for an environment of its own (make snowflake). It writes a private key to the file that
is named, prints the account's port, and answers each query that it reads with a line: the rows, as
their ``repr``, in JSON. (Over the wire, fakesnow makes 1970 of a moment that is null.)
"""

import json
import sys
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fakesnow import server, transforms
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.server import shared_fs
from snowflake.connector.errors import Error, ProgrammingError
from sqlglot import exp

_execute, _to_timestamp = FakeSnowflakeCursor.execute, transforms.to_timestamp


def _execute_once(*arguments: Any, **named: Any) -> Any:
    """What fakesnow cannot do is an error; as the server's failure it is tried for minutes."""
    try:
        return _execute(*arguments, **named)
    except Error:
        raise
    except Exception as error:
        raise ProgrammingError(msg=str(error), errno=1, sqlstate="XX000") from error


def _to_timestamp_or_null(expression: Any) -> Any:
    """It makes a CAST of the TRY_CAST to a timestamp."""
    return expression if isinstance(expression, exp.TryCast) else _to_timestamp(expression)


def _write_key(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"of the key"),
        )
    )


def main() -> None:
    """Serve until the input ends."""
    _write_key(Path(sys.argv[1]))
    answers, sys.stdout = sys.stdout, sys.stderr  # the server's log
    # It sums everything as floating point, for the sake of texts; Snowflake sums decimals exactly.
    transforms.numeric_agg_implicit_cast = lambda expression: expression
    transforms.to_timestamp = _to_timestamp_or_null
    FakeSnowflakeCursor.execute = _execute_once
    with server() as address, shared_fs.connect("olist") as link:
        print(address["port"], file=answers, flush=True)
        for query in sys.stdin:
            rows = link.cursor().execute(query).fetchall()
            print(json.dumps([repr(tuple(row)) for row in rows]), file=answers, flush=True)


if __name__ == "__main__":
    main()
