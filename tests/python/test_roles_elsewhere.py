"""The roles on a server that the environment names, by a user who is no superuser."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from psycopg2 import errors

from conftest import administer, quiet, write_csv
from loaders import connection
from loaders.cli import main
from loaders.packages import install
from loaders.paths import project_root, server_folder
from loaders.roles import BUILT, KINDS, access, credentials, faults, make, names, variable
from warehouse import NO_TESTS, Warehouse


@pytest.fixture
def owner(
    postgres: dict[str, str],
    database: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Iterator[Warehouse]:
    """A database of a user who may make roles; the roles have names that no other test uses."""
    prefix = f"olist_test_{uuid.uuid4().hex[:8]}"
    user = f"{prefix}_owner"
    for kind in KINDS:
        monkeypatch.setenv(variable(kind, "ROLE"), f"{prefix}_{kind}")
    try:
        administer(postgres, "create role {} login createrole password 'pass'", user)
    except errors.InsufficientPrivilege:
        pytest.skip("the server's user may not make roles")
    administer(postgres, "alter database {} owner to {}", database["PGDATABASE"], user)
    monkeypatch.setenv("PGUSER", user)
    monkeypatch.setenv("PGPASSWORD", "pass")
    yield Warehouse({**database, "PGUSER": user, "PGPASSWORD": "pass"}, tmp_path)
    administer(postgres, "drop database {} with (force)", database["PGDATABASE"])
    administer(
        postgres, "create database {}", database["PGDATABASE"]
    )  # for its own fixture to drop
    for name in (*names().values(), user):
        administer(postgres, "drop role if exists {}", name)


def test_they_are_made_and_used(owner: Warehouse, tmp_path: Path) -> None:
    install(retry=False, say=quiet)
    said: list[str] = []
    write_csv(tmp_path / "first", "sellers", "s1,01037,sao paulo,SP")
    owner.land(tmp_path / "first")  # before there were roles
    assert not has_roles()
    assert problems() is None
    make(said.append)
    make(said.append)
    assert has_roles()
    loader, transformer, reader = (Warehouse(each, tmp_path) for each in access(quiet).values())
    write_csv(tmp_path / "second", "sellers", "s2,01037,sao paulo,SP")
    assert loader.land(tmp_path / "second").new == 1
    transformer.dbt("build", "--select", "+dim_payment_types", *NO_TESTS)
    assert reader.mart("dim_payment_types")
    for statement in ("select * from raw.sellers", "create temporary table mine (a int)"):
        with pytest.raises(errors.InsufficientPrivilege):
            reader.query(f"set transaction read write; {statement}")
    for role in (loader, reader):
        with pytest.raises(AssertionError, match=r"permission denied|must be owner"):
            role.dbt("run", "--select", "dim_payment_types")
    # The owner may go on as before, and 'olist roles' gives what it makes to the roles.
    write_csv(tmp_path / "third", "sellers", "s3,01037,sao paulo,SP")
    assert owner.land(tmp_path / "third").new == 1
    owner.dbt("run", "--full-refresh", "--select", "dim_payment_types")
    assert reader.mart("dim_payment_types")
    make(said.append)
    transformer.dbt("run", "--full-refresh", "--select", "dim_payment_types")
    assert reader.mart("dim_payment_types")
    assert problems() == []
    assert all(word in str(said) for word in ("lo_create", "temp_file_limit"))


def has_roles() -> bool:
    return len({user["PGUSER"] for user in access().values()}) == len(KINDS)


def problems() -> list[str] | None:
    with connection.connect() as link, link.cursor() as cursor:
        return faults(cursor)


def test_every_schema_of_the_project_is_the_transformers(tmp_path: Path) -> None:
    """It may not make a schema: `olist roles` has to know all of them."""
    root = str(project_root())
    options = ("--quiet", "--project-dir", root, "--profiles-dir", root)
    parsed = dbtRunner().invoke(["parse", *options, "--target-path", str(tmp_path)]).result
    assert isinstance(parsed, Manifest)
    made = {node.schema for node in parsed.nodes.values()} - {"public"}
    assert made == set(BUILT)


def test_who_may_not_make_roles_goes_on_alone(
    owner: Warehouse, postgres: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    administer(postgres, "alter role {} nocreaterole", owner.variables["PGUSER"])
    assert main(["roles"]) == 1
    assert "is neither" in capsys.readouterr().err
    assert owner.query("select count(*) from pg_namespace where nspname = 'raw'") == [(0,)]
    assert all(each == connection.environment() for each in access().values())
    assert "everything runs as" in capsys.readouterr().out


def test_a_role_of_somebody_else_is_left_alone(
    owner: Warehouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make(quiet)
    known = {kind: credentials(kind)["PGPASSWORD"] for kind in KINDS}
    (server_folder() / "roles.json").unlink()
    assert main(["roles"]) == 1
    assert "its password is unknown" in capsys.readouterr().err
    assert not has_roles()
    for kind, password in known.items():
        monkeypatch.setenv(variable(kind, "PASSWORD"), password)
    assert main(["roles"]) == 0
    assert has_roles()
    assert not (server_folder() / "roles.json").exists()
    monkeypatch.setenv(variable("reader", "PASSWORD"), "another-one")
    assert main(["roles"]) == 1
    assert main(["roles", "--new-passwords"]) == 0
    assert access()["reader"]["PGPASSWORD"] == "another-one"


def test_a_role_that_may_too_much_may_it_no_longer(
    owner: Warehouse, postgres: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in names().values():
        administer(postgres, "create role {} superuser createdb createrole bypassrls", name)
    for kind in KINDS:
        monkeypatch.setenv(variable(kind, "PASSWORD"), f"{kind}-password")
    attributes = (
        "select count(*) from pg_roles where rolname ="
        f" any('{{{','.join(names().values())}}}') and rolcanlogin and not (rolsuper or rolcreatedb"
        " or rolcreaterole or rolreplication or rolbypassrls)"
    )
    assert main(["roles", "--new-passwords"]) == 1  # only a superuser may
    for key in ("PGUSER", "PGPASSWORD"):
        monkeypatch.setenv(key, postgres[key])
    assert main(["roles", "--new-passwords"]) == 0
    assert owner.query(attributes) == [(3,)]
