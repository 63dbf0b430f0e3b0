"""Sensitive columns, by tables that have some: how they are masked, and who sees which rows."""

import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from conftest import quiet
from loaders.connection import connect
from loaders.lake.archive import archive
from loaders.paths import project_root
from loaders.roles import READER, TRANSFORMER, credentials, make, variable
from warehouse import Warehouse

KEY, OTHER = "k3y of these tests \\ " + secrets.token_hex(8), "another"
SOURCES = """
version: 2
sources:
  - name: shop
    schema: raw
    tables:
      - name: contacts
        config: {meta: {file: contacts.csv, key: [customer_id], optional: true}}
        columns:
          - {name: customer_id, description: Key.}
          - {name: email, description: Address., config: {meta: {pii: direct}}}
          - {name: born_on, description: Date., config: {meta: {pii: quasi}}}
      - name: newsletter
        config: {meta: {file: newsletter.csv, key: [email], optional: true}}
        columns:
          - {name: email, description: Address., config: {meta: {pii: direct}}}
          - {name: channel, description: Where.}
"""
MODELS = {
    "staging/stg_shop__contacts": """{{ config(materialized='view') }}
with source as (select * from {{ source('shop', 'contacts') }} where _until_batch_id is null)
select
    customer_id,
    {{ masked("lower(trim(email))") }} as email_hash,
    {{ coarse('born_on', 4) }} as birth_year
from source""",
    "staging/stg_shop__newsletter": """{{ config(materialized='view') }}
select {{ masked("lower(trim(email))") }} as email_hash, channel
from {{ source('shop', 'newsletter') }}""",
    "marts/dim_contacts": """{{ config(materialized='table', contract={'enforced': false}) }}
select contacts.*, newsletter.channel
from {{ ref('stg_shop__contacts') }} as contacts
left join {{ ref('stg_shop__newsletter') }} as newsletter
    on contacts.email_hash = newsletter.email_hash""",
}
CONTACTS = (
    "customer_id,email,born_on",
    "c1,Ana@Example.org,1990-05-17",
    "c2,,",
    "c3,bo@x.io,1985-01-02",
)
NEWSLETTER = ("email,channel", "ana@example.org ,web", "cy@x.io,shop")
# Changes of these models that let something through.
LEAKS = {
    "renamed": ("contacts", "birth_year", "birth_year,\n    lower(email) as login"),
    "star_of_a_table": ("contacts", "select\n    customer_id", "select\n    source.*"),
    "star": ("contacts", "select\n    customer_id", "select *, customer_id"),
    "other_macro": (
        "contacts",
        "customer_id,\n",
        "customer_id, {{ trimmed('BORN_ON') }} as day,\n",
    ),
    "as_it_is": ("newsletter", ", channel", ", email"),
}
RULE = "check_sensitive_columns_are_masked"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def shop(database: dict[str, str], tmp_path: Path) -> tuple[Path, Run]:
    """A copy of the project with two more sources, whose files have landed; runs a module of it."""
    root = tmp_path / "project"
    for name in ("loaders", "macros", "models", "seeds", "tests", "dbt_packages", "docs"):
        shutil.copytree(project_root() / name, root / name, symlinks=name != "dbt_packages")
    for path in (*project_root().glob("*.yml"), project_root() / ".dbtignore"):
        shutil.copy(path, root)
    (root / "models" / "staging" / "_shop__sources.yml").write_text(SOURCES)
    for name, sql in MODELS.items():
        (root / "models" / f"{name}.sql").write_text(sql)
    files = tmp_path / "files"
    files.mkdir()
    (files / "contacts.csv").write_text("\n".join(CONTACTS) + "\n")
    (files / "newsletter.csv").write_text("\n".join(NEWSLETTER) + "\n")

    def run(module: str, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=root,
            env={**os.environ, **database, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    landed = run("loaders", "land", str(files))
    assert landed.returncode == 0, landed.stderr
    return root, run


def build(run: Run, **variables: str) -> "subprocess.CompletedProcess[str]":
    return run("loaders.dbt", "run", "--select", "+dim_contacts", **variables)


def contacts() -> list[tuple[Any, ...]]:
    with connect() as link, link.cursor() as cursor:
        cursor.execute("table marts.dim_contacts order by customer_id")
        return list(cursor.fetchall())


def test_masks_join_and_show_nothing(shop: tuple[Path, Run]) -> None:
    root, run = shop
    done = build(run)
    assert done.returncode == 1
    assert "olist.pii_key: set the variable OLIST_PII_KEY for .venv/bin/dbt" in done.stdout
    done = build(run, PGOPTIONS="-c olist.pii_key=")  # what a session has that was reset
    assert done.returncode == 1
    done = build(run, OLIST_PII_KEY=KEY)
    assert done.returncode == 0, done.stdout
    first = contacts()
    (_, ana, year, channel), (_, nobody, *_), (_, bo, *_) = first
    assert (year, channel, nobody) == ("1990", "web", None)
    assert re.fullmatch("[0-9a-f]{64}", ana)
    assert ana != bo
    build(run, OLIST_PII_KEY=KEY)
    assert contacts() == first
    build(run, OLIST_PII_KEY=OTHER)
    assert contacts()[0][1] not in {ana, bo}
    assert contacts()[0][3] == "web"
    written = b"".join(
        path.read_bytes()
        for name in ("target", "logs")
        for path in (root / name).rglob("*.*")
        if path.is_file()
    )
    assert b"dim_contacts" in written
    assert KEY.encode() not in written


def test_the_rule(shop: tuple[Path, Run]) -> None:
    """What lets a sensitive column through is named, and nothing else."""
    root, run = shop
    staging = root / "models" / "staging"
    for name, (model, line, instead) in LEAKS.items():
        sql = MODELS[f"staging/stg_shop__{model}"]
        assert line in sql
        (staging / f"stg_shop__{name}.sql").write_text(sql.replace(line, instead))
    lines = [line for line in run("tests.governance").stderr.splitlines() if RULE in line]
    assert {re.sub(r".*/stg_shop__(\w+)\.sql: .*", r"\1", line) for line in lines} == {*LEAKS}
    assert len(lines) == len(LEAKS)


def test_readers_see_their_states(built: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (project_root() / "docs" / "sensitive.md").read_text("utf-8")
    (policy,) = (
        block for block in re.findall(r"```sql\n(.*?)```", page, re.DOTALL) if "policy" in block
    )
    for name, value in built.variables.items():
        monkeypatch.setenv(name, value)
    for kind in (READER, TRANSFORMER, "loader"):
        monkeypatch.setenv(variable(kind, "ROLE"), f"states_{kind}")
        monkeypatch.setenv(variable(kind, "PASSWORD"), secrets.token_urlsafe(24))
    make(quiet)
    by_state = (
        "select state_code, count(*) from marts.fct_orders join marts.dim_geographies"
        " on customer_geography_key = geography_key group by 1"
    )

    def seen(kind: str) -> dict[str, int]:
        with connect(where=credentials(kind)) as link, link.cursor() as cursor:
            cursor.execute(by_state)
            return dict(cursor.fetchall())

    whole = seen(TRANSFORMER)
    assert len(whole) > 5
    built.query(policy.replace("olist_reader", "states_reader"), fetch=False)
    chosen = {state: whole[state] for state in ("SP", "RJ")}
    assert seen(READER) == chosen
    assert seen(TRANSFORMER) == whole
    built.dbt("build", "--select", "fct_orders")  # in place: the policy stays
    assert seen(READER) == chosen
    built.query("delete from access.states", fetch=False)
    assert seen(READER) == {}


def test_a_person_is_forgotten(built: Warehouse, tmp_path: Path) -> None:
    page = (project_root() / "docs" / "sensitive.md").read_text("utf-8")
    section = page[page.index("## To forget one person") :]
    statements, command = re.findall(r"```(?:sql|sh)\n(.*?)```", section, re.DOTALL)[:2]
    ((person,),) = built.query(
        "select customer_unique_id from raw.customers group by 1 order by count(*) desc, 1 limit 1"
    )
    columns = built.query(
        "select table_schema, table_name, column_name from information_schema.columns"
        " where table_schema in ('raw', 'staging', 'intermediate', 'marts', 'reports', 'audit')"
        " and column_name in ('customer_unique_id', 'customer_key')"
    )

    def traces() -> set[str]:
        return {
            f"{schema}.{table}.{column}"
            for schema, table, column in columns
            if built.query(
                f"select count(*) > 0 from {schema}.{table}"
                f" where {column} in ('{person}', md5('{person}'))"
            )
            == [(True,)]
        }

    orders = built.query("select count(*) from marts.fct_orders")
    assert {"marts.dim_customers.customer_key", "marts.fct_orders.customer_key"} < traces()
    built.query(statements.replace("PERSON", person), fetch=False)
    built.dbt(*command.split()[1:])
    assert traces() == set()
    assert built.query("select count(*) from marts.fct_orders") == orders
    with built.environment():
        archive(str(tmp_path), say=quiet)
    kept = parquet.read_table(tmp_path / "raw" / "customers")["customer_unique_id"].to_pylist()
    assert kept
    assert person not in kept
