"""A Snowflake account for tests: fakesnow, which translates its SQL for DuckDB."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import fakesnow
import snowflake.connector
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fakesnow import copy_into
from sqlglot import exp


@dataclass
class _ReadJson(copy_into.FileTypeHandler):
    def read_expression(self, url: str) -> exp.Expression:
        return exp.func("read_json_objects", exp.Literal.string(url))


def _parameters(expression: exp.Copy, values: Any = None) -> copy_into.CopyParams:
    """Fakesnow has no COPY of JSON: a document is one variant."""
    formats = [found for found in expression.args["params"] if "json" in found.sql().lower()]
    if formats:
        return copy_into.CopyParams(file_format=_ReadJson())
    return _PARAMETERS(expression, values)


_PARAMETERS = copy_into._params


@contextmanager
def account(folder: Path) -> Iterator[dict[str, str]]:
    """Start an account, with database and key; yield the variables by which dbt reaches it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "key.p8").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"of the key"),
        )
    )
    with mock.patch.object(copy_into, "_params", _parameters), fakesnow.server() as address:
        variables = {
            "SNOWFLAKE_ACCOUNT": "fakesnow",
            "SNOWFLAKE_HOST": str(address["host"]),
            "SNOWFLAKE_PORT": str(address["port"]),
            "SNOWFLAKE_PROTOCOL": "http",
            "SNOWFLAKE_PRIVATE_KEY_PATH": str(folder / "key.p8"),
            "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": "of the key",
        }
        query(variables, "create database olist", database=None)
        yield variables


def query(
    variables: Mapping[str, str], statement: str, database: str | None = "olist"
) -> list[tuple[Any, ...]]:
    """Run a statement and return its rows."""
    with snowflake.connector.connect(
        account="fakesnow",
        user="test",
        password="any",
        host=variables["SNOWFLAKE_HOST"],
        port=int(variables["SNOWFLAKE_PORT"]),
        protocol="http",
        database=database,
    ) as link:
        return [tuple(row) for row in link.cursor().execute(statement).fetchall()]
