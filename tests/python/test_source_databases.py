"""Landing from an operational database: what is read, what is remembered, what the star is."""

import threading
from pathlib import Path

import pytest

import shop
import source_servers
from conftest import Query
from loaders.errors import LoaderError
from loaders.land import Counts, Rules
from loaders.land import land as land_location
from loaders.sample import generate
from loaders.sources import deliver
from loaders.tables import BY_NAME
from source_servers import MariaDB, PostgreSQL, Source, mariadb, mariadb_port, postgresql, source
from warehouse import STAR, Warehouse

__all__ = ["mariadb", "mariadb_port", "postgresql", "source"]  # fixtures

SELLERS = BY_NAME["sellers"]
STAMP = {"mysql": "updated_at datetime(6) not null", "postgresql": "updated_at timestamp not null"}
CURRENT = "select seller_id, seller_city from raw.sellers where _until_batch_id is null order by 1"


def land(location: str, mode: str = "delta", tables: tuple[str, ...] = ()) -> Counts:
    rules = Rules(allow_removals=True)
    return land_location(location, mode, tables, say=lambda _: None, rules=rules)


def said(location: str) -> str:
    lines: list[str] = []
    land_location(location, say=lines.append, rules=Rules(allow_removals=True))
    return "\n".join(lines)


def sell(source: Source, seller: str, city: str, *more: str) -> None:
    values = ", ".join([f"'{seller}', 1037, '{city}', 'SP'", *more])
    source.run(f"insert into sellers values ({values})")


def test_the_star_is_that_of_the_files(
    mariadb_port: int,
    postgres: dict[str, str],
    warehouse: Warehouse,
    rebuilt_warehouse: Warehouse,
    tmp_path: Path,
) -> None:
    """The same data as files, and in two databases by natural types, is one star."""
    generate(tmp_path, 0.01, 7)
    warehouse.land(tmp_path, "snapshot")
    warehouse.dbt("build", *STAR)
    with source_servers.mariadb_database(mariadb_port) as one:
        shop.fill(one, tmp_path)
        read = rebuilt_warehouse.land(one.url())
    assert read.read == read.new > 10_000
    rebuilt_warehouse.dbt("build", *STAR)
    assert rebuilt_warehouse.marts() == warehouse.marts()
    with source_servers.postgresql_database(postgres) as other:
        shop.fill(other, tmp_path)
        read = rebuilt_warehouse.land(other.url())
    assert read.changed == 0  # what has a key is the same to the letter


def test_a_database_is_read_whole_then_from_its_watermark_on(source: Source, query: Query) -> None:
    shop.create(source, SELLERS, STAMP[source.make])
    assert land(source.url()) == Counts()  # an empty table is no error
    sell(source, "s1", "sao paulo", "'2020-01-01 10:00:00'")
    sell(source, "s2", "santos", "'2020-01-02 10:00:00'")
    assert land(source.url("overlap=0")) == Counts(read=2, new=2)
    # one more, of the very time of the watermark, one changed, one unchanged
    sell(source, "s3", "niteroi", "'2020-01-02 10:00:00'")
    source.run(
        "update sellers set seller_city = 'rio', updated_at = '2020-01-03 10:00:00.5'"
        " where seller_id = 's2'",
        # not read: its time says that it did not change
        "update sellers set seller_city = 'unread' where seller_id = 's1'",
    )
    assert land(source.url("overlap=0")) == Counts(read=2, new=1, changed=1)
    assert query(CURRENT) == [("s1", "sao paulo"), ("s2", "rio"), ("s3", "niteroi")]
    assert query(
        "select table_name, column_name, watermark::timestamp::text, read_from, batch_id"
        " from raw._watermarks"
    ) == [
        (
            *("sellers", "sellers.updated_at", "2020-01-03 10:00:00.5"),
            *("2020-01-03 09:59:59.500000", 3),
        )
    ]
    assert query("select mode from raw._files order by batch_id desc limit 1") == [("delta",)]
    assert land(source.url("overlap=0")) == Counts(read=1)
    assert land(source.url("overlap=0")) == Counts()  # the same bytes: not even read
    # a snapshot has all, and what is gone
    source.run("delete from sellers where seller_id = 's3'")
    assert land(source.url(), "snapshot") == Counts(read=2, changed=1, removed=1)
    assert query(CURRENT) == [("s1", "unread"), ("s2", "rio")]
    source.run("delete from sellers")
    with pytest.raises(LoaderError) as stopped:
        land_location(source.url(), "snapshot", say=lambda _: None)
    ((known,),) = query("select distinct source from raw._batches")
    assert str(stopped.value).startswith(
        f"{known}: 2 of the 2 rows of raw.sellers (100.0 %) would be removed, as sellers does not"
    )
    assert land(source.url()).removed == 2


def test_rows_of_an_earlier_time_that_come_late_are_read(source: Source, query: Query) -> None:
    """By the overlap; by a transaction that was open, however long; and those without a time."""
    shop.create(source, SELLERS, STAMP[source.make].replace(" not null", " null"))
    sell(source, "s1", "a", "'2020-01-01 10:00:00'")
    land(source.url())
    sell(source, "s2", "late", "'2020-01-01 09:50:01'")
    sell(source, "s3", "too late", "'2020-01-01 09:49:59'")
    sell(source, "s4", "timeless", "null")
    assert land(source.url()).new == 2
    now = "localtimestamp(6)"
    link = source.connect()
    if source.make == "mysql":  # InnoDB's list of transactions is 0.1 s old where it was just read
        source.run("select count(*) from information_schema.innodb_trx")
    with link.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute(f"insert into sellers values ('s5', 1, 'open', 'SP', {now})")
        sell(source, "s6", "done", now)
        assert land(source.url("overlap=0")).new == 1
        cursor.execute("commit")
    link.close()
    assert land(source.url("overlap=0")).new == 1
    assert [seller for seller, _ in query(CURRENT)] == ["s1", "s2", "s4", "s5", "s6"]


def test_a_time_in_the_future_hides_nothing(source: Source, query: Query) -> None:
    shop.create(source, SELLERS, STAMP[source.make])
    sell(source, "s1", "a", "'2099-01-01 10:00:00'")
    land(source.url())
    sell(source, "s2", "b", "localtimestamp(6)")
    assert land(source.url()).new == 1
    assert query("select watermark like '2099-%', read_from < '2099' from raw._watermarks") == [
        (True, True)
    ]


def test_a_time_with_a_zone_is_compared_with_the_clock(source: Source, query: Query) -> None:
    """One of the next hours hides no change of these hours."""
    types = {"mysql": "timestamp(6) not null default now(6)", "postgresql": "timestamptz"}
    hours = {"mysql": "interval 10 hour", "postgresql": "interval '10 hours'"}[source.make]
    shop.create(source, SELLERS, f"last_update {types[source.make]}")
    sell(source, "s1", "a", f"current_timestamp(6) + {hours}")
    land(source.url())
    sell(source, "s2", "b", "current_timestamp(6)")
    assert land(source.url()).new == 1
    assert [seller for seller, _ in query(CURRENT)] == ["s1", "s2"]


@pytest.mark.parametrize("kind", ["instant", "day", "number"])
def test_an_instant_a_day_or_a_number_may_be_the_watermark(
    source: Source, query: Query, kind: str
) -> None:
    instant = {"mysql": "timestamp(6) not null default now(6)", "postgresql": "timestamptz"}
    more, old, now = {
        "instant": (f"last_update {instant[source.make]}", "'2020-01-01'", "current_timestamp(6)"),
        "day": ("last_update date not null", "'2020-01-01'", "current_date"),
        "number": ("version bigint not null", "1", "2000"),
    }[kind]
    url = source.url("watermark.sellers=VERSION&overlap=1" if kind == "number" else "overlap=1")
    shop.create(source, SELLERS, more)
    sell(source, "s1", "old", old)
    sell(source, "s2", "new", now)
    land(url)
    sell(source, "s3", "newer", now)
    assert land(url) == Counts(read=2, new=1)
    for column, message in (
        ("seller_city", r"sellers.seller_city is .*; a watermark is a time or a"),
        ("changed", r"sellers has no column changed \(watermark.sellers\)"),
    ):
        with pytest.raises(LoaderError, match=message):
            land(source.url(f"watermark.sellers={column}"))


@pytest.mark.parametrize("why", ["source", "column", "emptied", "elsewhere"])
def test_a_watermark_that_no_longer_holds_is_left_alone(
    source: Source, query: Query, tmp_path: Path, why: str
) -> None:
    """Then the table is read whole."""
    shop.create(source, SELLERS, f"{STAMP[source.make]}, version bigint default 1")
    sell(source, "s1", "a", "'2020-01-01', 1")
    sell(source, "s2", "b", "'2020-02-01', 1")
    land(source.url())
    assert land(source.url()).read == 1
    url = source.url()
    if why == "source":  # came back from a backup
        source.run("update sellers set updated_at = '2020-01-01', seller_city = 'old'")
    elif why == "column":
        url = source.url("watermark=version")
    elif why == "emptied":
        query("truncate raw.sellers")
    else:
        file = tmp_path / SELLERS.file
        file.write_text(f"{','.join(SELLERS.columns)}\ns1,9,else,SP\n")
        land(str(tmp_path))
    assert land(url).read == 2
    modes = query("select mode from raw._files order by batch_id")
    assert modes[-1] == ("snapshot",)


def test_tables_without_a_watermark_are_whole_each_time(source: Source, query: Query) -> None:
    shop.create(source, SELLERS)
    shop.create(source, BY_NAME["geolocation"])
    sell(source, "s1", "a")
    sell(source, "s2", "a")
    points = ("1037, -23.5, -46.6, 'são paulo', 'SP'", "1037, -23.5, -46.6, 'sao paulo', 'SP'")
    for point in points:
        source.run(f"insert into geolocation values ({point})")
    reported = said(source.url())
    assert f"not in {source.make}://" in reported
    assert ": customers, order_items, order_payments, " in reported
    # another order of the same rows is no change
    source.run("delete from geolocation")
    for point in reversed(points):
        source.run(f"insert into geolocation values ({point})")
    source.run("delete from sellers where seller_id = 's2'")
    assert land(source.url()) == Counts(read=1, removed=1)
    assert query(
        "select distinct geolocation_zip_code_prefix, geolocation_lat from raw.geolocation"
    ) == [("01037", "-23.5")]


@pytest.mark.parametrize("kind", ["timestamp null", "boolean"])
def test_deleted_rows_are_reported_or_left_out(source: Source, query: Query, kind: str) -> None:
    shop.create(source, SELLERS, f"deleted_at {kind}")
    sell(source, "s1", "a", "null")
    sell(source, "s2", "b", "'2020-01-01'" if kind.startswith("t") else "true")
    line = "sellers has deleted_at; rows with it set are landed as live ones (deleted=deleted_at in"
    assert line in said(source.url())
    assert line in said(source.url("deleted=deletd_at"))  # a slip of the pen is not believed
    assert "deleted" not in said(source.url("deleted=none"))
    assert "deleted" not in said(source.url("deleted.sellers=deleted_at"))
    assert query(CURRENT) == [("s1", "a")]
    with pytest.raises(LoaderError, match=r"sellers has no column gone \(deleted.sellers\)"):
        land(source.url("deleted.sellers=gone"))


def test_rows_that_the_source_hides_are_no_deletions(postgresql: PostgreSQL, query: Query) -> None:
    """By row-level security, of the table or below a view."""
    shop.create(postgresql, SELLERS)
    sell(postgresql, "s1", "a")
    sell(postgresql, "s2", "b")
    land(postgresql.url())
    postgresql.run(
        "alter table sellers enable row level security",
        "create policy mine on sellers using (seller_id = 's1')",
        "create view mine with (security_invoker) as select * from sellers",
    )
    hidden = r"sellers cannot be read: .*: rows are hidden from user reader.*look like deleted ones"
    for parameter in ("", "table.sellers=mine"):
        with pytest.raises(LoaderError, match=hidden.replace("sellers", "(sellers|mine)", 1)):
            land(postgresql.url(parameter))
    assert len(query(CURRENT)) == 2
    postgresql.run(f"alter role {postgresql.reader} bypassrls")
    assert not land(postgresql.url()).anything


def test_names_may_differ(source: Source, query: Query) -> None:
    columns = [f"{name.upper()} varchar(9)" for name in reversed(SELLERS.columns)]
    source.run(
        f"create table shop_olist_sellers_dataset_v (note varchar(9), {', '.join(columns)})",
        "insert into shop_olist_sellers_dataset_v values ('x', 'SP', 'a', '01', 's1')",
        "create table vendors as select * from shop_olist_sellers_dataset_v",
        "create view shop_sellers_v as select * from vendors",
    )
    for message, parameters, only in (
        (r"has no table sellers that user reader", "", ("sellers",)),
        (r"both shop_sellers_v and .* may be sellers; say which", "prefix=shop_&suffix=_v", ()),
        (r"has no table nowhere \(table.sellers\)", "table.sellers=nowhere", ()),
    ):
        with pytest.raises(LoaderError, match=message):
            land(source.url(parameters), tables=only)
    assert land(source.url("prefix=shop_&suffix=_v&table.sellers=shop_sellers_v")).new == 1
    assert land(source.url("table.sellers=vendors")) == Counts()
    assert query("select seller_id, seller_zip_code_prefix, seller_state from raw.sellers") == [
        ("s1", "01", "SP")
    ]
    source.run("create table products (product_id varchar(9))")
    with pytest.raises(LoaderError, match=r"products lacks column product_category_name, prod"):
        land(source.url("table.sellers=vendors"))
    assert not land(source.url("table.sellers=vendors"), tables=("sellers",)).anything


def test_what_only_postgresql_has(postgresql: PostgreSQL, query: Query) -> None:
    """Schemas, materialized views, domains, and a percent sign in a name."""
    postgresql.run(
        'create schema "my 1% Shop"',
        "create domain zip as integer",
        "create materialized view \"my 1% Shop\".sellers as select 's1' as seller_id,"
        " 1037::zip as seller_zip_code_prefix, 'a' as seller_city, 'SP' as seller_state,"
        ' now() as updated_at, 1 as "1%"',
    )
    assert land(postgresql.url("schema=my%201%25%20Shop")).new == 1
    assert query("select seller_zip_code_prefix from raw.sellers") == [("01037",)]
    assert query("select source from raw._batches")[0][0].endswith("?schema=my 1% Shop")


def test_values_have_the_text_of_the_export(source: Source, query: Query) -> None:
    reviews, lines, orders = (BY_NAME[name] for name in ("order_reviews", "order_items", "orders"))
    for table in (reviews, lines):
        shop.create(source, table)
    moment = {"mysql": "timestamp(3) null", "postgresql": "timestamptz"}[source.make]
    source.run(f"create table orders ({', '.join(f'{name} {moment}' for name in orders.columns)})")
    source.run("alter table orders drop column order_id, drop column customer_id")
    source.run("alter table orders add order_id varchar(9), add customer_id varchar(9)")
    comment = 'Ótimo 👍, "bom"\r\n\\.\nc:\\new, 100%'  # no backslash is special in these servers
    source.run(
        *(["set time_zone = '+00:00'"] if isinstance(source, MariaDB) else ["set time zone 'UTC'"]),
        f"insert into order_reviews values ('r1', 'o1', 5, '', '{comment}', '2017-10-02', null)",
        "insert into order_items values ('o1', 1, 'p', 's', '2017-10-02 10:56:33', 29.9, 1e3)",
        "insert into orders values"
        " (null, '2017-10-02 01:56:33.250', null, null, null, '2017-12-02 10:00:00', 'o1', 'c1')",
    )
    if isinstance(source, MariaDB):  # which has no names of time zones here
        with pytest.raises(LoaderError, match="does not know the time zone 'America/Sao_Paulo'"):
            land(source.url())
    # the default is that of the dbt project
    land(source.url("timezone=-03:00" if source.make == "mysql" else ""))
    assert query(
        "select review_score, review_comment_title, review_comment_message, review_creation_date,"
        " review_answer_timestamp from raw.order_reviews"
    ) == [("5", None, comment, "2017-10-02 00:00:00", None)]
    assert query("select shipping_limit_date, price, freight_value from raw.order_items") == [
        ("2017-10-02 10:56:33", "29.90", "1000.00")
    ]
    moments = "select order_purchase_timestamp from raw.orders order by _batch_id desc limit 1"
    assert query(moments) == [("2017-10-01 22:56:33.25",)]
    land(source.url("timezone=UTC"), "snapshot")
    assert query(moments) == [("2017-10-02 01:56:33.25",)]


def test_values_that_only_mysql_has(mariadb: MariaDB, query: Query) -> None:
    """Dates of zeros are no dates; FLOAT, BIT and Latin-1 keep what they hold."""
    mariadb.run(
        "create table order_items (order_id char(2) character set latin1, order_item_id bit(4),"
        " product_id enum('á'), seller_id varchar(9), shipping_limit_date datetime,"
        " price float, freight_value float)",
    )
    mariadb.run(
        "set sql_mode = ''",
        "insert into order_items values ('é', 5, 'á', 's', '0000-00-00', 29.99, 1234567.89),"
        " ('ü', 6, 'á', 's', '2017-00-00', 0.1, 16777217)",
    )
    land(mariadb.url())
    names = ", ".join(BY_NAME["order_items"].columns)
    assert query(f"select {names} from raw.order_items order by order_item_id") == [
        ("é", "5", "á", "s", None, "29.99", "1234567.875"),
        ("ü", "6", "á", "s", "2017-00-00 00:00:00", "0.1", "16777216"),
    ]
    mariadb.run("alter table order_items modify seller_id varbinary(9)")
    with pytest.raises(LoaderError, match=r"order_items.seller_id is VARBINARY\(9\): bytes"):
        land(mariadb.url())


def test_loads_of_one_source_queue(source: Source, query: Query) -> None:
    shop.create(source, SELLERS)
    sell(source, "s1", "a")
    lines: list[str] = []
    with deliver(source.url()) as delivery:
        with pytest.raises(
            LoaderError, match=r"another load of .* is running; leave out --no-wait"
        ):
            land_location(source.url(), rules=Rules(wait=False), say=lines.append)
        other = threading.Thread(
            target=land_location, args=(source.url(), "delta", (), lines.append)
        )
        other.start()
        other.join(1)
        assert lines == [f"another load of {delivery.source} is running: waiting for it to end"]
        assert query("select to_regclass('raw.sellers')") == [(None,)]
    other.join(30)
    assert query("select count(*) from raw.sellers") == [(1,)]
