"""Alerts: each problem is told once, and once that it is over, whoever runs what failed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import Query, quiet, write_csv
from inbox import Inbox, open_inbox
from loaders import alerts
from loaders.cli import main
from loaders.errors import LoaderError
from loaders.land import land
from warehouse import Warehouse

Captured = pytest.CaptureFixture[str]
ALL_WELL: dict[str, str] = {}
A, B, AB = {"a": "a: 3 rows"}, {"b": "b: 1 row"}, {"a": "a: 3 rows", "b": "b: 1 row"}
KEYS = "fct_order_items_foreign_keys"


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Inbox]:
    """Where OLIST_NOTIFY leads to; nothing was told before."""
    monkeypatch.setenv("OLIST_HOME", str(tmp_path / "home"))
    with open_inbox() as opened:
        monkeypatch.setenv(alerts.ADDRESSES, opened.address)
        yield opened


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ([ALL_WELL, ALL_WELL], []),
        ([A, A, A], ["build failed"]),
        ([A, A, ALL_WELL, ALL_WELL], ["build failed", "build works again"]),
        ([A, ALL_WELL, A], ["build failed", "build works again", "build failed"]),
        ([A, AB, AB], ["build failed", "build failed"]),
        ([AB, A, AB, ALL_WELL], ["build failed", "build failed", "build works again"]),
    ],
    ids=["well", "once", "recovery", "again", "another", "one-of-two"],
)
def test_a_problem_is_told_once_and_its_end(
    inbox: Inbox, states: list[dict[str, str]], told: list[str]
) -> None:
    for problems in states:
        alerts.update("build", problems)
    assert inbox.titles == told


def test_what_was_not_asked_is_not_over(inbox: Inbox) -> None:
    alerts.update("build", AB)
    alerts.update("build", ALL_WELL, asked={"a"})
    assert inbox.titles == ["build failed"]
    alerts.update("build", ALL_WELL, asked={"b", "c"})
    assert inbox.titles == ["build failed", "build works again"]


def test_only_what_is_new_is_in_the_message_and_the_rest_is_counted(inbox: Inbox) -> None:
    alerts.update("build", A)
    alerts.update("build", {**A, **{f"t{n}": f"t{n}: 1 row" for n in range(25)}})
    _, text = inbox.messages[-1]
    assert "a: 3 rows" not in text
    assert "t19: 1 row\n… and 5 more\nWarehouse: " in text


def test_an_alert_that_cannot_be_sent_is_sent_later(inbox: Inbox, capsys: Captured) -> None:
    inbox.closed = True
    alerts.update("build", A)
    said = capsys.readouterr().err
    assert "did not reach address 1 (json://…)" in said
    assert inbox.address not in said
    inbox.closed = False
    alerts.update("build", A)
    alerts.update("build", A)
    assert inbox.titles == ["build failed"]


def test_one_dead_address_does_not_repeat_the_other(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setenv(alerts.ADDRESSES, f"json://user:s3cret@127.0.0.1:1\n{inbox.address} no")
    for _ in range(3):
        alerts.update("build", A)
    assert inbox.titles == ["build failed"]
    said = capsys.readouterr().err
    assert "address 1 (json://…)" in said
    assert "address 3 (no://…)" in said
    assert "s3cret" not in said
    assert main(["notify"]) == 1
    assert inbox.titles[1:] == ["test message"]


def test_an_orchestrator_adds_only_what_the_command_could_not_say(inbox: Inbox) -> None:
    alerts.update("load of a", A)
    assert main(["notify", "--failed", "load of a"]) == 0
    assert main(["notify", "--failed", "load of b"]) == 0
    assert main(["notify", "--failed", "load of b"]) == 0
    assert inbox.titles == ["load of a failed", "load of b failed"]
    assert "killed?" in inbox.messages[1][1]


def test_a_load_that_fails_and_one_that_works(inbox: Inbox, query: Query, tmp_path: Path) -> None:
    folder = tmp_path / "day"
    good, bad = "s1,01037,sao paulo,SP", "s1,01037,sao paulo,SP,one too many"
    for row in (bad, bad, good, good):
        write_csv(folder, "sellers", row)
        main(["land", str(folder)])
    with pytest.raises(LoaderError):
        land("mysql://u:s3cret@127.0.0.1:1/shop", say=quiet)
    assert inbox.titles == [
        f"load of {folder} failed",
        f"load of {folder} works again",
        "load of mysql://u:***@127.0.0.1:1/shop failed",
    ]
    assert "olist_sellers_dataset.csv, line 2" in inbox.messages[0][1]
    assert "s3cret" not in str(inbox.messages)


def test_without_addresses_nothing_is_kept(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Captured
) -> None:
    monkeypatch.delenv(alerts.ADDRESSES)
    alerts.update("build", A)
    assert not (tmp_path / "home").exists()
    assert main(["notify"]) == 1
    assert "OLIST_NOTIFY has no address" in capsys.readouterr().err


@pytest.mark.slow
def test_a_build_whose_test_fails_stale_data_and_a_project_that_does_not_parse(
    inbox: Inbox, built: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*arguments: str) -> int:
        # as `dbt` is run, in a folder of its own
        process = built.start(*arguments)
        process.communicate(timeout=600)
        return process.returncode

    ask = ("test", "--select", KEYS)
    broken = (
        "update marts.fct_order_items set customer_key = customer_key || '?' where order_item_key"
        " in (select order_item_key from marts.fct_order_items order by 1 limit 3)"
    )
    built.query(broken, fetch=False)
    assert [run(*ask), run(*ask)] == [1, 1]
    assert inbox.titles == ["dbt build failed"]
    assert (
        f"test {KEYS}: 3 rows, in {built.variables['PGDATABASE']}.audit.{KEYS}"
        in (inbox.messages[0][1])
    )
    assert run("test", "--select", "fct_orders_rules") == 0  # says nothing of the other test
    assert run("build", "--select", "no_such_model") == 0
    assert run("build", "--vars", "no: [yaml") != 0
    assert inbox.titles == ["dbt build failed", "dbt build failed"]
    assert "before it ran anything" in inbox.messages[1][1]
    built.query(
        "update marts.fct_order_items set customer_key = rtrim(customer_key, '?')", fetch=False
    )
    assert run(*ask) == 0
    assert inbox.titles[2:] == ["dbt build works again"]

    built.query("update raw.orders set _loaded_at = _loaded_at - interval '50 hours'", fetch=False)
    freshness = ("source", "freshness", "--select", "source:olist.orders")
    assert [run(*freshness), run(*freshness)] == [0, 0]  # it warns
    assert inbox.titles[3:] == ["freshness of the data failed"]
    assert "orders: the newest rows landed 50 hours ago" in inbox.messages[3][1]
    built.query("update raw.orders set _loaded_at = now()", fetch=False)
    assert run(*freshness) == 0
    assert inbox.titles[4:] == ["freshness of the data works again"]
    assert os.environ[alerts.ADDRESSES] == inbox.address
