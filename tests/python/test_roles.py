"""The three roles: what each can do, and that it can do no more."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from psycopg2 import errors, sql

from conftest import write_csv
from loaders import connection
from loaders.cli import main
from loaders.errors import LoaderError
from loaders.paths import project_root
from loaders.roles.access import credentials
from loaders.roles.make import make
from loaders.roles.names import BUILT, KINDS, READ, names, variable
from loaders.sample import generate
from role_statements import MAY, MAY_NOT
from warehouse import MARTS, Warehouse

PRIVILEGES = ["select", "insert", "update", "delete", "truncate", "references", "trigger"]


@pytest.fixture(scope="module")
def roles(
    warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Warehouse]]:
    """A built warehouse, by role; the roles have names that no other test uses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DATABASE_URL", raising=False)
        patch.setenv("OLIST_HOME", str(tmp_path_factory.mktemp("home")))
        for name, value in warehouse.variables.items():
            patch.setenv(name, value)
        prefix = f"olist_test_{uuid.uuid4().hex[:8]}"
        for kind in KINDS:
            patch.setenv(variable(kind, "ROLE"), f"{prefix}_{kind}")
        if warehouse.query("select from pg_roles where rolname = current_user and rolsuper") == []:
            pytest.skip("the roles' tests make databases and roles: they need a superuser")
        make(lambda _: None)
        found = {kind: Warehouse(credentials(kind), warehouse.folder) for kind in KINDS}
        folder = tmp_path_factory.mktemp("sample")
        generate(folder, 0.005)
        found["loader"].land(folder)
        found["transformer"].dbt("build", "--exclude-resource-type", "unit_test")
        yield found
        for name in names().values():
            drop = sql.SQL("drop owned by {0} cascade; drop role {0}").format(sql.Identifier(name))
            warehouse.query(drop, fetch=False)


def attempt(role: Warehouse, statement: str) -> None:
    """Run a statement as a role, and undo it."""
    with connection.connect(where=role.variables) as link, link.cursor() as cursor:
        cursor.execute("set transaction read write")  # which the reader may say too
        cursor.execute(statement.format(**names()) if "{" in statement else statement)
        link.rollback()


@pytest.mark.parametrize(("kind", "statement"), [(k, s) for k in KINDS for s in MAY[k]])
def test_it_may(roles: dict[str, Warehouse], kind: str, statement: str) -> None:
    attempt(roles[kind], statement)


@pytest.mark.parametrize(("kind", "statement"), [(k, s) for k in KINDS for s in MAY_NOT[k]])
def test_it_may_not(roles: dict[str, Warehouse], kind: str, statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        attempt(roles[kind], statement)


def test_no_table_has_another_right(warehouse: Warehouse, roles: dict[str, Warehouse]) -> None:
    """Every table and view there is, in every schema, and every right on it."""
    rights = {
        (kind, schema, right)
        for kind, name in names().items()
        for right in PRIVILEGES
        for (schema,) in warehouse.query(
            "select distinct nspname::text from pg_class inner join pg_namespace"
            " on relnamespace = pg_namespace.oid where relkind in ('r', 'v', 'm', 'p')"
            " and nspname not like 'pg\\_%' and nspname <> 'information_schema'"
            f" and has_table_privilege('{name}', pg_class.oid, '{right}')"
        )
    }
    assert rights == {
        *(("loader", "raw", right) for right in PRIVILEGES),
        ("transformer", "raw", "select"),
        *(("transformer", schema, right) for schema in BUILT for right in PRIVILEGES),
        *(("reader", schema, "select") for schema in READ),
    }


def test_a_second_build_as_the_transformer(
    roles: dict[str, Warehouse], warehouse: Warehouse, tmp_path: Path
) -> None:
    ((order_id,),) = warehouse.query("select min(order_id) from raw.orders")
    before = roles["reader"].query("select count(*) from marts.fct_payments")[0][0]
    write_csv(tmp_path, "order_payments", f"{order_id},99,boleto,1,5.00")
    roles["loader"].land(tmp_path)
    results = roles["transformer"].dbt("build")
    assert set(results.values()) <= {"success", "pass", "warn"}
    assert roles["reader"].query("select count(*) from marts.fct_payments") == [(before + 1,)]
    for mart in MARTS:
        roles["reader"].mart(mart)


def test_the_reader_keeps_its_right_in_the_transaction_that_swaps_a_table(
    roles: dict[str, Warehouse],
) -> None:
    transformer = roles["transformer"]
    log = transformer.folder / "logs" / "dbt.log"
    log.unlink()
    transformer.dbt("run", "--full-refresh", "--select", "dim_dates", "fct_payments")
    text = log.read_text("utf-8")
    for mart in ("dim_dates", "fct_payments"):
        swapped = text.index(f'"marts"."{mart}__dbt_tmp" rename to "{mart}"')
        granted = text.index(f'"marts"."{mart}" to {names()["reader"]}', swapped)
        assert f"On model.olist_warehouse.{mart}: COMMIT" not in text[swapped:granted]
        assert f"On model.olist_warehouse.{mart}: COMMIT" in text[granted:]


def test_the_reader_reads_reports_as_soon_as_they_are_made(roles: dict[str, Warehouse]) -> None:
    with connection.connect(where=roles["transformer"].variables) as link:
        link.cursor().execute("create view reports.sales as select 1 as a from marts.fct_orders")
    assert roles["reader"].query("select count(*) > 0 from sales") == [(True,)]
    roles["transformer"].query("drop view reports.sales", fetch=False)


def test_the_reader_reads_only_and_not_for_long(roles: dict[str, Warehouse]) -> None:
    reader = roles["reader"]
    assert reader.query("show statement_timeout") == [("1min",)]
    with pytest.raises(errors.ReadOnlySqlTransaction):
        reader.query("create temporary table mine (a int)")
    make(lambda _: None, timeout="100ms")
    make(lambda _: None)  # which keeps it
    with pytest.raises(errors.QueryCanceled):
        reader.query("select pg_sleep(600)")
    with pytest.raises(LoaderError, match="invalid value for parameter"):
        make(lambda _: None, timeout="a while")


@pytest.mark.parametrize("kind", ["transformer", "reader"])
def test_who_may_not_land(
    roles: dict[str, Warehouse],
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = roles["loader"].query("select * from raw._batches order by 1")
    write_csv(tmp_path, "sellers", "s1,01037,sao paulo,SP")
    for name, value in roles[kind].variables.items():
        monkeypatch.setenv(name, value)
    assert main(["land", str(tmp_path)]) == 1
    assert "permission denied" in capsys.readouterr().err
    assert main(["roles"]) == 1
    assert "one of the roles themselves" in capsys.readouterr().err
    assert roles["loader"].query("select * from raw._batches order by 1") == before


@pytest.mark.parametrize("kind", ["loader", "reader"])
def test_who_may_not_build(roles: dict[str, Warehouse], kind: str) -> None:
    with pytest.raises(AssertionError, match=r"permission denied|must be owner"):
        roles[kind].dbt("run", "--select", "dim_dates")


def test_a_right_that_somebody_gave_away_is_taken_back(
    warehouse: Warehouse, roles: dict[str, Warehouse]
) -> None:
    reader = sql.Identifier(names()["reader"])
    for text in ("grant usage on schema raw to {}", "grant select on raw.orders to {}"):
        warehouse.query(sql.SQL(text).format(reader), fetch=False)
    attempt(roles["reader"], "select * from raw.orders")
    make(lambda _: None)
    with pytest.raises(errors.InsufficientPrivilege):
        attempt(roles["reader"], "select * from raw.orders")


def test_no_schema_and_no_database_has_another_right(
    warehouse: Warehouse, roles: dict[str, Warehouse]
) -> None:
    called = {name: kind for kind, name in names().items()}
    schemas = warehouse.query(
        "select rolname::text, nspname::text, privilege from pg_roles, pg_namespace,"
        " unnest(array['usage', 'create']) as privilege"
        f" where rolname = any('{{{','.join(called)}}}') and nspname not like 'pg\\_%'"
        " and nspname not in ('information_schema', 'public')"
        " and has_schema_privilege(rolname, pg_namespace.oid, privilege)"
    )
    assert {(called[name], *rest) for name, *rest in schemas} == {
        *(("loader", "raw", right) for right in ("usage", "create")),
        ("transformer", "raw", "usage"),
        *(("transformer", schema, right) for schema in BUILT for right in ("usage", "create")),
        *(("reader", schema, "usage") for schema in READ),
    }
    database = warehouse.query(
        "select rolname::text, privilege from pg_roles,"
        " unnest(array['connect', 'create', 'temporary']) as privilege"
        f" where rolname = any('{{{','.join(called)}}}')"
        " and has_database_privilege(rolname, current_database(), privilege)"
    )
    assert {(called[name], right) for name, right in database} == {
        *((kind, "connect") for kind in KINDS),
        ("loader", "temporary"),
        ("transformer", "temporary"),
    }


def test_every_schema_of_the_project_is_the_transformers(tmp_path: Path) -> None:
    """It may not make a schema: `olist roles` has to know all of them."""
    root = str(project_root())
    options = ("--quiet", "--project-dir", root, "--profiles-dir", root)
    parsed = dbtRunner().invoke(["parse", *options, "--target-path", str(tmp_path)]).result
    assert isinstance(parsed, Manifest)
    made = {node.schema for node in parsed.nodes.values()} - {"public"}
    assert made == set(BUILT)


def test_without_roles_nothing_is_granted(
    rebuilt_warehouse: Warehouse, roles: dict[str, Warehouse]
) -> None:
    """The roles exist on this server, and were not let into this database."""
    rebuilt_warehouse.dbt("seed")
    rebuilt_warehouse.dbt("run", "--select", "dim_dates")
    ((acl,),) = rebuilt_warehouse.query(
        "select relacl::text from pg_class where relname = 'dim_dates'"
    )
    assert acl is None
    with pytest.raises(psycopg2.Error):
        Warehouse(
            {**roles["reader"].variables, "PGDATABASE": rebuilt_warehouse.variables["PGDATABASE"]},
            rebuilt_warehouse.folder,
        ).mart("dim_dates")
