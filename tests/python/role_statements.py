"""What each role may do and may not: statements of SQL, each run in a transaction of its own."""

# A row for the table that the reader and the transformer must not write.
_SELLER = "insert into raw.sellers values ('s', '01037', 'x', 'SP', 9, now(), 'f', null)"

MAY = {
    "loader": (
        _SELLER,
        "update raw.orders set order_status = 'lost'",
        "delete from raw.order_items",
        "truncate raw.geolocation",
        "alter table raw.orders add column note text",
        "create table raw.more (a text)",
        "drop table raw._rejected_rows",
        "create temporary table incoming (a text)",
        "analyze raw.orders",
    ),
    "transformer": (
        "select * from raw.orders, raw._batches limit 1",
        "create table marts.more as select 1 as a",
        "create view staging.more as select * from raw.orders",
        "drop table marts.fct_orders cascade",
        "drop table snapshots.snap_customers cascade",
        "create function staging.one() returns int language sql return 1",
        "create table audit.more (a int)",
        "create temporary table working (a int)",
    ),
    "reader": (
        "select count(*) from marts.fct_orders",
        "select count(*) from fct_orders inner join dim_customers using (customer_key)",
        "select count(*) from marts.dim_customers_history",
        "select count(*) from pg_catalog.pg_class",
    ),
}

_NOBODY = (
    "create schema mine",
    "create table public.mine (a int)",
    "create role mine",
    "alter role current_user createdb",
    "create publication mine",
    "set log_statement = 'none'",
    "select * from pg_authid",
    "select pg_read_file('/etc/passwd')",
    "select lo_create(0)",
    "select lo_from_bytea(0, 'x')",
    "copy (select 1) to '/tmp/mine'",
    "copy (select 1) to program 'true'",
    "do $$ begin execute 'copy (select 1) to program ''true'''; end $$",
)

_NO_READING = tuple(
    f"select * from {relation}"
    for relation in (
        "staging.stg_olist__orders",
        "intermediate.int_people",
        "audit.invalid_values",
        "seeds.holidays",
        "snapshots.snap_customers",
    )
)

MAY_NOT = {
    "loader": (
        *_NOBODY,
        *_NO_READING,
        "set role {transformer}",
        "set role {reader}",
        "set session authorization {transformer}",
        "alter role {transformer} password 'x'",
        "select * from marts.fct_orders",
        "insert into marts.dim_payment_types values ('k', 'x')",
        "truncate marts.fct_orders",
        "drop table marts.fct_orders",
        "alter table marts.fct_orders add column mine int",
        "drop schema marts cascade",
        "alter schema staging rename to mine",
        "create table marts.mine (a int)",
        "create table reports.mine (a int)",
    ),
    "transformer": (
        *_NOBODY,
        "set role {loader}",
        "set role {reader}",
        "set session authorization {loader}",
        _SELLER,
        "update raw.orders set order_status = 'lost'",
        "delete from raw.orders",
        "truncate raw.orders",
        "alter table raw.orders add column mine text",
        "alter table raw.orders owner to {transformer}",
        "drop table raw.orders",
        "create table raw.mine (a text)",
        "create index on raw.orders (order_status)",
        "lock table raw.orders in share mode",
        "create table marts.mine (a bigint references raw._batches)",
        "delete from raw._batches",
        "drop schema raw cascade",
        "alter schema raw owner to {transformer}",
        "comment on table raw.orders is 'mine'",
    ),
    "reader": (
        *_NOBODY,
        *_NO_READING,
        "set role {loader}",
        "set role {transformer}",
        "set session authorization {transformer}",
        "select * from raw.orders",
        "select * from raw._batches",
        "insert into marts.dim_payment_types values ('k', 'x')",
        "update marts.fct_orders set order_status = 'lost'",
        "delete from marts.fct_orders",
        "truncate marts.fct_orders",
        "drop table marts.fct_orders",
        "alter table marts.fct_orders add column mine int",
        "create index on marts.fct_orders (order_status)",
        "select * from marts.fct_orders for update",
        "lock table marts.fct_orders in share mode",
        "create table marts.mine (a int)",
        "create view reports.mine as select 1 as a",
        "create temporary table mine (a int)",
        "create temporary view mine as select 1 as a",
        "drop schema marts cascade",
        "comment on table marts.fct_orders is 'mine'",
    ),
}
