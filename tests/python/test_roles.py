"""Every statement of docs/roles.md, on the embedded server, by the newest PostgreSQL and by 15."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg2 import errors

from conftest import quiet, write_csv
from loaders import connection, roles, server
from loaders.cli import main
from loaders.errors import LoaderError
from loaders.paths import project_root
from loaders.roles import BUILT, KINDS, access, credentials, for_dbt, make, variable

LOADER, TRANSFORMER, READER = (f"olist_{kind}" for kind in KINDS)
READ = ("marts", "reports")
SELLER = "insert into raw.sellers values ('s2', 'x')"

MADE = {
    "loader": (
        "create table raw.sellers (seller_id text primary key, seller_city text)",
        "insert into raw.sellers values ('s1', 'sao paulo')",
    ),
    "transformer": (
        "create view staging.stg_sellers as select * from raw.sellers",
        "create view intermediate.int_sellers as select * from staging.stg_sellers",
        "create table seeds.holidays as select 1 as a",
        "create table audit.invalid_values as select 1 as a",
        "create table marts.dim_sellers (seller_key text primary key)",
        "insert into marts.dim_sellers select seller_id from intermediate.int_sellers",
        "create table marts.fct_sales (seller_key text references marts.dim_sellers)",
        "insert into marts.fct_sales select seller_key from marts.dim_sellers",
        "create view reports.rpt_sales as select count(*) as sales from marts.fct_sales",
    ),
}

MAY = {
    "loader": (
        SELLER,
        "update raw.sellers set seller_city = 'x'",
        "truncate raw.sellers",
        "alter table raw.sellers add column note text",
        "create table raw.more (a text)",
        "create temporary table incoming (a text)",
        "select pg_advisory_lock(1), pg_advisory_unlock(1)",
    ),
    "transformer": (
        "select * from raw.sellers",
        "create table marts.more as select 1 as a",
        "drop table marts.fct_sales cascade",
        "create function staging.one() returns int language sql return 1",
        "create temporary table working (a int)",
        "select pg_try_advisory_lock(1), pg_advisory_unlock(1)",
    ),
    "reader": (
        "select * from marts.fct_sales",
        "select * from fct_sales inner join dim_sellers using (seller_key)",
        "table rpt_sales",
        "select count(*) from pg_catalog.pg_class",
        # What PostgreSQL lets every role do, as the document says:
        "set statement_timeout = 0",
        "notify anybody",
        "lock table marts.fct_sales in access share mode",
        "alter role current_user set statement_timeout = 0",
        "alter role current_user password 'mine'",
    ),
}

NOBODY = (
    "create schema mine",
    "create table public.mine (a int)",
    "create role mine",
    "alter role current_user createdb",
    "alter role current_user connection limit -1",
    "alter role current_user set temp_file_limit = -1",
    "set temp_file_limit = -1",
    "create publication mine",
    "set log_statement = 'none'",
    "select * from pg_authid",
    "select pg_read_file('/etc/passwd')",
    "select lo_create(0)",
    "select lo_creat(0)",
    "select lo_from_bytea(0, 'x')",
    "select lo_import('/etc/passwd')",
    "select pg_import_system_collations('pg_catalog')",
    "copy (select 1) to '/tmp/mine'",
    "copy (select 1) to program 'true'",
    "do $$ begin execute 'copy (select 1) to program ''true'''; end $$",
)
NO_READING = tuple(
    f"select * from {name}"
    for name in (
        "staging.stg_sellers",
        "intermediate.int_sellers",
        "audit.invalid_values",
        "seeds.holidays",
    )
)
MAY_NOT = {
    "loader": (
        *NOBODY,
        *NO_READING,
        "set role olist_transformer",
        "set session authorization olist_transformer",
        "alter role olist_transformer password 'x'",
        "select * from marts.fct_sales",
        "drop table marts.fct_sales",
        "drop schema marts cascade",
        "create table marts.mine (a int)",
        "create table reports.mine (a int)",
    ),
    "transformer": (
        *NOBODY,
        "set role olist_loader",
        SELLER,
        "update raw.sellers set seller_city = 'x'",
        "delete from raw.sellers",
        "truncate raw.sellers",
        "alter table raw.sellers add column mine text",
        "drop table raw.sellers",
        "create table raw.mine (a text)",
        "create index on raw.sellers (seller_city)",
        "lock table raw.sellers in share mode",
        "create table marts.mine (a text references raw.sellers)",
        "drop schema raw cascade",
        "alter schema raw owner to olist_transformer",
    ),
    "reader": (
        *NOBODY,
        *NO_READING,
        "set role olist_loader",
        "set role olist_transformer",
        "select * from raw.sellers",
        "insert into marts.dim_sellers values ('k')",
        "update marts.fct_sales set seller_key = 'x'",
        "delete from marts.fct_sales",
        "truncate marts.fct_sales",
        "drop table marts.fct_sales",
        "alter table marts.fct_sales add column mine int",
        "create index on marts.fct_sales (seller_key)",
        "select * from marts.fct_sales for key share",
        "lock table marts.fct_sales in row exclusive mode",
        "create table marts.mine (a text references marts.dim_sellers)",
        "create view reports.mine as select 1 as a",
        "create temporary table mine (a int)",
        "create temporary view mine as select 1 as a",
        "comment on table marts.fct_sales is 'mine'",
        "select pg_advisory_lock(1)",
        "select pg_try_advisory_xact_lock(1, 1)",
        "select pg_logical_emit_message(true, 'a', 'b')",
    ),
}


@pytest.fixture(scope="module")
def home(own_server: Path) -> Path:
    """A running embedded server, which no variable names, with something made by each role."""
    for kind, statements in MADE.items():
        run(*statements, kind=kind)
    return own_server


@pytest.fixture
def repaired(home: Path) -> Iterator[Path]:
    """The same; what the test changes is put right afterwards."""
    yield home
    make(quiet)
    assert faults() == []


def run(
    *statements: str, kind: str | None = None, database: str = "olist"
) -> list[tuple[Any, ...]]:
    """Run statements as a role, or as the owner; return the rows of the last."""
    user = credentials(kind) if kind else connection.environment()
    where = {**user, "PGDATABASE": database}
    with connection.connect(where=where, autocommit=True) as link, link.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def attempt(kind: str, statement: str) -> None:
    """Run a statement as a role that does not stay in its read-only mode, and undo it."""
    with connection.connect(where=credentials(kind)) as link, link.cursor() as cursor:
        cursor.execute("set transaction read write")
        cursor.execute(statement)
        link.rollback()


def has_roles() -> bool:
    return len({user["PGUSER"] for user in access().values()}) == len(KINDS)


def faults() -> list[str] | None:
    with connection.connect() as link, link.cursor() as cursor:
        return roles.faults(cursor)


@pytest.mark.parametrize(("kind", "statement"), [(k, s) for k in KINDS for s in MAY[k]])
def test_it_may(home: Path, kind: str, statement: str) -> None:
    attempt(kind, statement)


@pytest.mark.parametrize(("kind", "statement"), [(k, s) for k in KINDS for s in MAY_NOT[k]])
def test_it_may_not(home: Path, kind: str, statement: str) -> None:
    with pytest.raises((errors.InsufficientPrivilege, errors.InvalidParameterValue)):
        attempt(kind, statement)


@pytest.mark.parametrize("database", ["postgres", "template1", "template0"])
@pytest.mark.parametrize("kind", KINDS)
def test_no_other_database(home: Path, kind: str, database: str) -> None:
    with pytest.raises(
        LoaderError, match=r"permission denied|CONNECT privilege|not currently accepting"
    ):
        run("select 1", kind=kind, database=database)


def test_no_other_right(home: Path) -> None:
    """Every table, schema and database there is, and every right on it."""
    table = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
    found = {
        tuple(row)
        for asked in (
            "select right_, 'table', nspname, rolname from pg_class inner join pg_namespace"
            f" on relnamespace = pg_namespace.oid, unnest(array{[*table]}) as right_, pg_roles"
            " where relkind in ('r', 'v', 'm', 'p') and"
            " has_table_privilege(rolname, pg_class.oid, right_)",
            "select right_, 'schema', nspname, rolname from pg_namespace,"
            " unnest(array['USAGE', 'CREATE']) as right_, pg_roles where"
            " has_schema_privilege(rolname, pg_namespace.oid, right_)",
            "select right_, 'database', datname, rolname from pg_database,"
            " unnest(array['CONNECT', 'CREATE', 'TEMPORARY']) as right_, pg_roles where"
            " has_database_privilege(rolname, pg_database.oid, right_) and datname <> 'template0'",
        )
        for row in run(
            f"select distinct * from ({asked}) as found (right_, kind, place, role)"
            " where role like 'olist\\__%' and place <> 'public' and place not like 'pg\\_%'"
            " and place <> 'information_schema'"
        )
    }
    own = {(LOADER, "raw"), *((TRANSFORMER, schema) for schema in BUILT)}
    assert found == {
        *((right, "table", schema, role) for role, schema in own for right in table),
        *((right, "schema", schema, role) for role, schema in own for right in ("USAGE", "CREATE")),
        ("SELECT", "table", "raw", TRANSFORMER),
        ("USAGE", "schema", "raw", TRANSFORMER),
        *(
            (right, "table", s, READER)
            for right in ("SELECT", "REFERENCES")
            for s in ("marts", "reports")
        ),
        *(("USAGE", "schema", schema, READER) for schema in READ),
        *(("CONNECT", "database", "olist", role) for role in (LOADER, TRANSFORMER, READER)),
        *(("TEMPORARY", "database", "olist", role) for role in (LOADER, TRANSFORMER)),
    }


def test_limits_of_the_reader(repaired: Path) -> None:
    limits = {
        "statement_timeout": "1min",
        "default_transaction_read_only": "on",
        "idle_in_transaction_session_timeout": "5min",
        "temp_file_limit": "2GB",
    }
    for name, value in limits.items():
        assert run(f"show {name}", kind="reader") == [(value,)]
    assert run(f"select rolconnlimit from pg_roles where rolname = '{READER}'") == [(20,)]
    with pytest.raises(errors.ReadOnlySqlTransaction):
        run("create temporary table mine (a int)", kind="reader")
    assert main(["roles", "--reader-timeout", "100ms"]) == 0
    assert faults() == []
    with pytest.raises(errors.QueryCanceled):
        run("select pg_sleep(600)", kind="reader")
    assert main(["roles"]) == 0
    assert run("show statement_timeout", kind="reader") == [("1min",)]
    assert main(["roles", "--reader-timeout", "a while"]) == 1


CHANGED = {
    "its settings": ("reader", "alter role {reader} set statement_timeout = 0"),
    "its schemas": ("reader", "alter role {reader} set search_path = public"),
    "its memory": (None, "alter role {reader} set work_mem = '1GB'"),
    "its mode": ("reader", "alter role {reader} set default_transaction_read_only = off"),
    "here": ("reader", "alter role {reader} in database olist set statement_timeout = 0"),
    "elsewhere": ("reader", "alter role {reader} in database postgres set work_mem = '1GB'"),
    "all": ("reader", "alter role {reader} reset all"),
    "its password": ("reader", "alter role {reader} password 'mine'"),
    "a loader's password": ("loader", "alter role olist_loader password 'mine'"),
    "its rights": ("reader", "drop owned by {reader}"),
    "a member": (None, "grant olist_loader to {reader}"),
    "more than a member": (None, "grant pg_read_all_data to {reader}"),
    "a superuser": (None, "alter role {reader} superuser"),
    "a table": (None, "create table raw.more (a text)"),
    "a view": (None, "create view marts.more as select * from raw.sellers"),
    "a sequence": (None, "create sequence marts.mine; create table raw.more (a serial)"),
    "a function": (None, "create function marts.one() returns int language sql return 1"),
    "a right": (
        None,
        "grant select on raw.sellers to {reader}; grant usage on schema raw to public",
    ),
    "a schema": (None, "alter schema staging owner to olist"),
}


@pytest.mark.parametrize("change", CHANGED)
def test_what_was_changed_is_reported_and_put_right(repaired: Path, change: str) -> None:
    kind, statement = CHANGED[change]
    text = statement.format(reader=READER)
    run(*(["set default_transaction_read_only = off"] if kind else []), text, kind=kind)
    if change not in {"its rights", "a right", "a schema"}:
        assert faults()
    assert main(["roles"]) == 0
    assert faults() == []
    test_no_other_right(repaired)
    assert run("show default_transaction_read_only", kind="reader") == [("on",)]
    assert run("show statement_timeout", kind="reader") == [("1min",)]
    assert run("select rolsuper from pg_roles where rolname = current_user", kind="reader") == [
        (False,)
    ]
    run("drop table if exists raw.more cascade", "drop view if exists marts.more")
    run("drop function if exists marts.one", "drop sequence if exists marts.mine")


def test_making_them_again_changes_nothing(home: Path) -> None:
    def state() -> list[Any]:
        return [
            (home / ".postgres" / "roles.json").read_text("utf-8"),
            run("select rolname, rolpassword from pg_authid order by 1"),
            run("select nspname, nspowner, nspacl::text from pg_namespace order by 1"),
            run("select relname, relowner, relacl::text from pg_class order by oid"),
            run("select * from pg_db_role_setting"),
        ]

    make(quiet)
    before = state()
    make(quiet)
    assert state() == before


@pytest.mark.parametrize("maker", ["transformer", None])
def test_what_is_made_later_can_be_read_at_once(home: Path, maker: str | None) -> None:
    run("create table reports.later as select 1 as a", kind=maker)
    assert run("table later", kind="reader") == [(1,)]
    run("drop table reports.later", kind=maker)


def test_the_reader_finds_the_keys(home: Path) -> None:
    keys = run(
        "select constraint_type from information_schema.table_constraints"
        " where constraint_type <> 'CHECK' order by 1",
        kind="reader",
    )
    assert keys == [("FOREIGN KEY",), ("PRIMARY KEY",)]


def test_the_reader_finds_what_a_schema_is_for(home: Path) -> None:
    described = run(
        "select nspname::text from pg_namespace"
        " where obj_description(oid) like '%names are contracts' order by 1",
        kind="reader",
    )
    assert described == [("marts",), ("reports",)]


def test_passwords(repaired: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = repaired / ".postgres" / "roles.json"
    assert file.stat().st_mode & 0o777 == 0o600
    first = {kind: credentials(kind)["PGPASSWORD"] for kind in KINDS}
    assert len(set(first.values())) == 3
    assert main(["roles", "--new-passwords"]) == 0
    assert not set(first.values()) & {credentials(kind)["PGPASSWORD"] for kind in KINDS}
    file.unlink()  # lost: the embedded server's are set anew
    assert main(["env", "--role", "reader"]) == 1
    assert faults() == [f"the password of olist_{kind} is not known here" for kind in KINDS]
    assert not has_roles()
    assert for_dbt("postgres") == server.environment()
    assert main(["roles"]) == 0
    assert for_dbt("postgres") == credentials("transformer")
    assert for_dbt("dev") == server.environment()  # who may create its schemas
    monkeypatch.setenv("OLIST_TARGET", "dev")
    assert {one["PGUSER"] for one in access(lambda _: None).values()} == {LOADER, "olist"}
    monkeypatch.delenv("OLIST_TARGET")
    monkeypatch.setenv("OLIST_READER_PASSWORD", "chosen-by-the-user")
    assert main(["roles"]) == 0
    for kind in KINDS:
        assert run("select current_user::text", kind=kind) == [(f"olist_{kind}",)]
    assert "chosen-by-the-user" not in file.read_text("utf-8")


def test_env_and_psql_of_a_role(home: Path) -> None:
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


def test_a_shell_with_the_variables_of_env(home: Path, tmp_path: Path) -> None:
    """Roles and `down` are as without them; another checkout says whose server it uses."""

    def say(command: str, **more: str) -> str:
        script = f'eval "$("$0" -m loaders env)"; OLIST_HOME="$1" "$0" -m loaders {command}'
        return subprocess.run(
            ["/bin/sh", "-c", script, sys.executable, more.get("other", str(home))],
            cwd=project_root(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        ).stdout

    write_csv(tmp_path / "batch", "sellers", "s7,01037,sao paulo,SP")
    assert "batch" in say(f"land '{tmp_path}/batch'")
    assert run("select pg_get_userbyid(relowner) from pg_class where relname = '_batches'") == [
        (LOADER,)
    ]
    used = f"The server of {home}/.postgres is used: this shell has the variables of that"
    assert used in say("status", other=str(tmp_path))
    assert "run 'olist up'" in say("env", other=str(tmp_path))
    assert "has stopped" in say("down")
    assert "running" in say("up")


def test_who_does_what(
    repaired: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Single commands on the embedded server act as a role; named variables are obeyed."""

    def tables() -> list[tuple[Any, ...]]:
        return run(
            "select pg_get_userbyid(relowner)::text from pg_class where relname = '_batches'"
        )

    run("drop table if exists raw.sellers cascade", kind="loader")
    write_csv(repaired / "batch", "sellers", "s1,01037,sao paulo,SP")
    assert main(["land", str(repaired / "batch")]) == 0
    assert tables() == [(LOADER,)]
    assert has_roles()
    assert "olist_loader lands, olist_transformer builds, olist_reader reads" in (
        capsys.readouterr().out
    )
    for name, value in connection.environment().items():
        monkeypatch.setenv(name, value)  # as eval "$(olist env)" does
    assert has_roles()
    for name, value in credentials("reader").items():
        monkeypatch.setenv(name, value)
    assert not has_roles()
    assert "as olist_reader, because it is one of the roles itself" in capsys.readouterr().out
    assert main(["land", str(repaired / "batch")]) == 1
    assert main(["roles"]) == 1
    assert "olist_reader is neither" in capsys.readouterr().err
    assert main(["env", "--role", "transformer"]) == 0
    assert "PGUSER=olist_transformer" in capsys.readouterr().out


def test_names(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("Reader Role", "olist_loader"):
        monkeypatch.setenv(variable("reader", "ROLE"), name)
        assert main(["env", "--role", "reader"]) == 1
        assert "must be three names of lower-case letters" in capsys.readouterr().err


def test_removing_them(home: Path) -> None:
    """As docs/roles.md has it; the last test of this server."""
    text = (project_root() / "docs" / "roles.md").read_text("utf-8")
    script = text.split("```sql\n")[1].split("```")[0]
    run(*filter(None, map(str.strip, script.split(";"))))
    (home / ".postgres" / "roles.json").unlink()
    assert faults() is None
    write_csv(home / "after", "sellers", "s9,01037,sao paulo,SP")
    assert main(["land", str(home / "after")]) == 0
    assert main(["roles"]) == 0
    assert faults() == []
