"""A BI tool on the marts: Superset, as the reader, finds keys and gives the warehouse's figures.

It needs an environment of its own, which ``make superset`` makes; OLIST_SUPERSET names it.
"""

import json
import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

import pytest

from loaders.connection import url_of
from loaders.roles import KINDS, READER, make, variable
from warehouse import Warehouse

SUPERSET = os.environ.get("OLIST_SUPERSET", "")
pytestmark = pytest.mark.skipif(not SUPERSET, reason="Superset is not installed: make superset")
SECONDS = 180  # until it answers


class Superset:
    """Its REST interface, logged in."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.headers = {"Content-Type": "application/json", "Referer": self.base}
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self.opener = urllib.request.build_opener(cookies)

    def call(self, path: str, body: Any = None) -> Any:
        """Get from a path, or post to it; return the answer."""
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.base}{path}"
        request = urllib.request.Request(url, data, self.headers)  # noqa: S310 - of this machine
        try:
            with self.opener.open(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read().decode()}") from error

    def log_in(self, password: str) -> None:
        """As its administrator."""
        who = {"username": "admin", "password": password, "provider": "db", "refresh": True}
        token = self.call("/api/v1/security/login", who)["access_token"]
        self.headers["Authorization"] = f"Bearer {token}"
        self.headers["X-CSRFToken"] = self.call("/api/v1/security/csrf_token/")["result"]


@pytest.fixture(scope="module")
def superset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Superset]:
    home, password = tmp_path_factory.mktemp("superset"), secrets.token_urlsafe()
    config = home / "superset_config.py"
    config.write_text(
        f"SECRET_KEY = {secrets.token_urlsafe(42)!r}\n"
        f"SQLALCHEMY_DATABASE_URI = 'sqlite:///{home}/superset.db'\n"
        "TALISMAN_ENABLED = False\n"
    )
    variables = {**os.environ, "SUPERSET_CONFIG_PATH": str(config), "FLASK_APP": "superset"}
    program = str(Path(SUPERSET) / "bin" / "superset")
    account = ("--username", "admin", "--firstname", "a", "--lastname", "b", "--email", "a@b.c")
    for command in (
        ("db", "upgrade"),
        ("fab", "create-admin", *account, "--password", password),
        ("init",),
    ):
        subprocess.run([program, *command], env=variables, check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (home / "log").open("w")
    process = subprocess.Popen(
        [program, "run", "-p", str(port)], env=variables, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        found, until = Superset(port), time.monotonic() + SECONDS
        while True:
            try:
                found.log_in(password)
                break
            except (OSError, AssertionError):
                assert time.monotonic() < until, (home / "log").read_text()
                time.sleep(1)
        yield found
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_a_chart_by_clicking_has_the_figures_of_the_warehouse(
    superset: Superset, built: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in built.variables.items():
        monkeypatch.setenv(name, value)
    for kind in KINDS:  # the server's own are of another database
        monkeypatch.setenv(variable(kind, "ROLE"), f"superset_{kind}")
        monkeypatch.setenv(variable(kind, "PASSWORD"), secrets.token_urlsafe(24))
    make(lambda _: None)
    password = os.environ[variable(READER, "PASSWORD")]
    reader = {**built.variables, "PGUSER": f"superset_{READER}", "PGPASSWORD": password}
    database = superset.call(
        "/api/v1/database/",
        {"database_name": "warehouse", "sqlalchemy_uri": url_of(reader), "expose_in_sqllab": True},
    )["id"]
    table = superset.call(
        f"/api/v1/database/{database}/table_metadata/?name=fct_orders&schema=marts"
    )
    # Of a primary key Superset 6 gives only nulls: its way to JSON knows no text and no list.
    if built.query("select current_setting('server_version_num')::int >= 180000") == [(True,)]:
        assert {key["referred_table"] for key in table["foreignKeys"]} == {
            *("dim_customers", "dim_dates", "dim_geographies")
        }
    dataset = superset.call(
        "/api/v1/dataset/", {"database": database, "schema": "marts", "table_name": "fct_orders"}
    )["id"]

    def clicked(column: str, aggregate: str) -> dict[str, Any]:
        chosen = {"column_name": column}
        return {
            "expressionType": "SIMPLE",
            "column": chosen,
            "aggregate": aggregate,
            "label": column,
        }

    month = {"timeGrain": "P1M", "columnType": "BASE_AXIS", "sqlExpression": "purchased_at"}
    chart = superset.call(
        "/api/v1/chart/data",
        {
            "datasource": {"id": dataset, "type": "table"},
            "queries": [
                {
                    "columns": [{**month, "label": "month", "expressionType": "SQL"}],
                    "metrics": [clicked("items_value", "SUM"), clicked("late_orders", "AVG")],
                    "row_limit": 1000,
                }
            ],
        },
    )["result"][0]
    ours = built.query(
        "select date_trunc('month', purchased_at), sum(items_value),"
        " avg(case when is_delivered then (delivered_at::date > estimated_delivery_on)::int end)"
        " from marts.fct_orders group by 1"
    )
    assert len(ours) > 12
    by_month = {int(row["month"]) // 1000: row for row in chart["data"]}
    for moment, revenue, late_share in ours:
        row = by_month[int((moment - type(moment)(1970, 1, 1)).total_seconds())]
        assert round(Decimal(str(row["items_value"])), 2) == revenue
        assert (row["late_orders"] is None) == (late_share is None)
        assert abs(Decimal(str(row["late_orders"] or 0)) - (late_share or 0)) < Decimal("1e-9")
