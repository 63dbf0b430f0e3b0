"""The roles of the embedded server: who lands, builds and reads, whatever was there before."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from loaders.analyses import analyses

from conftest import write_csv
from loaders import build, connection, server
from loaders.cli import main
from loaders.doctor import warehouse
from loaders.paths import project_root
from loaders.roles import passwords
from loaders.roles.access import access, credentials, for_dbt
from loaders.roles.names import KINDS, variable

SELLER = "s{0},01037,sao paulo,SP"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A running embedded server, which no variable names."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name == "DATABASE_URL" or (name.startswith(("PG", "OLIST_")) and name != "PGBIN"):
                patch.delenv(name)
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("OLIST_HOME", str(folder))
        server.up(say=lambda _: None)
        yield folder
        server.down(say=lambda _: None)


@pytest.fixture
def fresh(home: Path) -> Path:
    """The server without roles, passwords and schemas; who lands a batch is noted in it."""
    (home / ".postgres" / "roles.json").unlink(missing_ok=True)
    drop_roles()
    run("drop schema if exists raw cascade", "drop schema if exists marts cascade")
    land(home, 1)
    run("alter table raw._batches add column landed_by text default session_user")
    return home


def run(*statements: str) -> list[tuple[Any, ...]]:
    """Run statements as the owner; return the rows of the last."""
    with connection.connect() as link, link.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def drop_roles() -> None:
    """As docs/roles.md has it."""
    for kind in KINDS:
        name = f"olist_{kind}"
        if run(f"select 1 from pg_roles where rolname = '{name}'"):
            run(f"reassign owned by {name} to current_user", f"drop owned by {name}")
            run(f"drop role {name}")


def land(home: Path, number: int) -> None:
    """Land a seller by the real command."""
    folder = home / f"batch{number}"
    write_csv(folder, "sellers", SELLER.format(number))
    assert main(["land", str(folder)]) == 0


def landed_by() -> list[str]:
    """Users that landed, oldest batch first, from the second on."""
    return [row[0] for row in run("select landed_by from raw._batches order by batch_id offset 1")]


def owners(schema: str) -> set[str]:
    return {
        owner
        for (owner,) in run(
            "select pg_get_userbyid(relowner)::text from pg_class"
            f" where relnamespace = '{schema}'::regnamespace"
        )
    }


def test_a_database_from_before_gets_them(fresh: Path) -> None:
    run("create schema marts", "create table marts.fct_orders as select 1 as order_id")
    land(fresh, 2)
    assert for_dbt(connects=True) == server.environment()
    assert main(["roles"]) == 0
    land(fresh, 3)
    assert landed_by() == ["olist", "olist_loader"]
    assert owners("raw") == {"olist_loader"}
    assert owners("marts") == {"olist_transformer"}
    assert for_dbt(connects=True) == credentials("transformer")
    with connection.acting(credentials("reader")):
        assert run("select * from fct_orders") == [(1,)]


def test_making_them_again_changes_nothing(fresh: Path) -> None:
    def state() -> list[Any]:
        return [
            (fresh / ".postgres" / "roles.json").read_text("utf-8"),
            run(
                "select rolname, rolpassword from pg_authid where rolname like 'olist%' order by 1"
            ),
            run("select nspname, nspowner, nspacl::text from pg_namespace order by 1"),
            run("select relname, relowner, relacl::text from pg_class order by oid"),
            run("select * from pg_db_role_setting"),
        ]

    assert main(["roles"]) == 0
    before = state()
    assert main(["roles"]) == 0
    assert state() == before


def test_what_the_owner_makes_meanwhile_is_handed_over(fresh: Path) -> None:
    assert main(["roles"]) == 0
    run("create table raw.more (a text)", "create view marts.more as select * from raw.more")
    run("drop table raw._files", "create table raw._files (like raw._batches)")
    assert for_dbt(connects=True) == credentials("transformer")
    assert owners("raw") == {"olist_loader"}
    assert owners("marts") == {"olist_transformer"}
    with connection.acting(credentials("transformer")):
        assert run("select * from raw.more") == []


def test_without_them_all_goes_on(fresh: Path) -> None:
    assert main(["roles"]) == 0
    drop_roles()
    land(fresh, 2)
    assert landed_by() == ["olist"]
    assert for_dbt(connects=True) == server.environment()
    said: list[str] = []
    assert access(said.append).has_roles  # a build makes them again
    land(fresh, 3)
    assert landed_by() == ["olist", "olist_loader"]
    assert said == ["Roles: olist_loader lands, olist_transformer builds, olist_reader reads."]


def test_passwords(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["roles"]) == 0
    file = passwords.file()
    assert file.stat().st_mode & 0o777 == 0o600
    first = passwords.known()
    assert len(set(first.values())) == 3
    assert main(["roles", "--new-passwords"]) == 0
    assert not set(first.values()) & set(passwords.known().values())
    file.unlink()  # lost: the embedded server's are set anew
    assert main(["roles"]) == 0
    monkeypatch.setenv("OLIST_READER_PASSWORD", "chosen-by-the-user")
    assert main(["roles"]) == 0
    for kind in KINDS:
        with connection.acting(credentials(kind)):
            assert run("select current_user::text") == [(f"olist_{kind}",)]
    assert "chosen-by-the-user" not in file.read_text("utf-8")
    monkeypatch.delenv("OLIST_READER_PASSWORD")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(
            host="127.0.0.1",
            port=connection.environment()["PGPORT"],
            user="olist_reader",
            password=first["reader"],
            dbname="olist",
        )


def test_env_and_psql_of_a_role(fresh: Path) -> None:
    assert main(["env", "--role", "reader"]) == 1  # none made yet
    assert main(["roles"]) == 0
    script = 'eval "$("$0" -m loaders env --role reader)"; "$0" -m loaders psql -XAtc "$1"'
    for command in (script, '"$0" -m loaders psql --role reader -XAtc "$1"'):
        printed = subprocess.run(
            ["/bin/sh", "-c", command, sys.executable, "select current_user"],
            cwd=project_root(),
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert printed == "olist_reader\n"


def test_the_reader_asks_for_answers(
    fresh: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "who.sql").write_text("select current_user::text as who", "utf-8")
    monkeypatch.setattr("loaders.answers.analyses", lambda: analyses(tmp_path))
    assert main(["roles"]) == 0
    assert main(["answers", "who"]) == 0
    assert capsys.readouterr().out.endswith("who\nolist_reader\n")


def test_variables_that_name_the_embedded_server(
    fresh: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in connection.environment().items():
        monkeypatch.setenv(name, value)  # as eval "$(olist env)" does
    assert access().has_roles
    land(fresh, 2)
    assert landed_by() == ["olist"]  # as they are
    assert main(["roles"]) == 0
    monkeypatch.setenv("PGUSER", "olist_reader")
    monkeypatch.setenv("PGPASSWORD", credentials("reader")["PGPASSWORD"])
    capsys.readouterr()
    assert not access().has_roles
    assert "as olist_reader, for it is one of the roles itself" in capsys.readouterr().out
    assert main(["env", "--role", "transformer"]) == 0
    assert "PGUSER=olist_transformer" in capsys.readouterr().out


def test_a_build_uses_them(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it but dbt, which test_roles.py runs as the transformer."""
    users: list[str] = []

    def dbt(variables: dict[str, str], _: object) -> dict[str, int]:
        users.append(variables["PGUSER"])
        with connection.acting(variables):
            run(
                "create table marts.fct_orders as select 1 as items_value, 2 as freight_value,"
                " 3 as payments_value",
                "grant select on marts.fct_orders to olist_reader",
            )
        return {"pass": 1}

    monkeypatch.setattr(build, "dbt_build", dbt)
    monkeypatch.setattr(build, "_data", lambda: fresh / "batch1")
    monkeypatch.setattr("loaders.summary.connect", summarised(users))
    monkeypatch.setenv("OLIST_ALLOW_REMOVALS", "1")  # the one seller is another
    write_csv(fresh / "batch1", "sellers", SELLER.format(9))
    assert main(["build"]) == 0
    assert landed_by() == ["olist_loader"]
    assert users == ["olist_transformer", "olist_reader"]


def summarised(users: list[str]) -> Any:
    def connect() -> Any:
        users.append(connection.environment()["PGUSER"])
        return connection.connect()

    return connect


def test_doctor_knows_them(fresh: Path) -> None:
    def told() -> str:
        return next(found for found in warehouse.findings() if found.check == "roles").found

    assert told().startswith("none here")
    assert main(["roles"]) == 0
    assert told() == "olist_loader, olist_transformer, olist_reader; each owns what it writes"
    run("create table marts.by_hand ()")
    assert "belong to another user" in told()
    (fresh / ".postgres" / "roles.json").unlink()
    assert "passwords of olist_loader, olist_transformer, olist_reader are not known" in told()


def test_names_of_roles(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, message in (("Reader Role", "lower-case letters"), ("olist_loader", "differ")):
        monkeypatch.setenv(variable("reader", "ROLE"), name)
        assert main(["env", "--role", "reader"]) == 1
        assert message in capsys.readouterr().err
