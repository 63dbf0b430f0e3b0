"""Indexes, partitions, unlogged tables, and tables in the place of views."""

from benchmarks.experiments.trial import Experiment, Variant

_FACT = "create table lines as select * from marts.fct_order_items order by purchased_date_key"
_AS_IT_COMES = "create table lines as select * from marts.fct_order_items"
_KEYS = ("customer_key", "seller_key", "product_key", "purchased_date_key", "_batch_id")
_BTREES = tuple(f"create index on lines ({key})" for key in _KEYS)
_ANALYZE = "analyze lines"
_ASK = (
    "select count(*), sum(item_total) from lines"
    " where purchased_date_key between 20180101 and 20180131",
    "select seller_key, sum(item_total) from lines"
    " where purchased_date_key between 20180101 and 20180131 group by 1 order by 2 limit 10",
    "select * from lines where customer_key = (select max(customer_key) from lines)",
    "select sum(item_total) from lines where seller_key = (select min(seller_key) from lines)",
    "select purchased_date_key / 100, sum(item_total) from lines group by 1",
    "select max(_batch_id) from lines",
)
_BRIN = (
    "create index on lines using brin (purchased_date_key)",
    "create index on lines using brin (_batch_id)",
)
_SETS = {
    "btree on keys, day and batch (kept)": (_AS_IT_COMES, *_BTREES, _ANALYZE),
    "none": (_AS_IT_COMES, _ANALYZE),
    "btree on keys, BRIN on day and batch": (_AS_IT_COMES, *_BTREES[:3], *_BRIN, _ANALYZE),
    "the same, rows in the order of days": (_FACT, *_BTREES[:3], *_BRIN, _ANALYZE),
    "btree on day and batch only": (_AS_IT_COMES, *_BTREES[3:], _ANALYZE),
}
_BY_MONTH = (
    "create table lines (like marts.fct_order_items) partition by range (purchased_date_key)",
    "create table lines_other partition of lines default",
    "do $$ declare m date := '2016-09-01'; begin while m < '2018-12-01' loop"
    " execute format('create table lines_%s partition of lines for values from (%s) to (%s)',"
    " to_char(m, 'YYYYMM'), to_char(m, 'YYYYMMDD'), to_char(m + interval '1 month', 'YYYYMMDD'));"
    " m := m + interval '1 month'; end loop; end $$",
    "insert into lines select * from marts.fct_order_items",
)
_WHOLE = ("create table lines as select * from marts.fct_order_items",)
_READ = "select count(*), max(is_late::int) from {} as orders"
_SOURCE = "select * from intermediate.int_orders_with_milestones"

EXPERIMENTS = (
    Experiment(
        "indexes",
        "six questions about the lines: a month twice, a customer, a seller, all, the newest batch",
        tuple(Variant(name, _ASK, setup) for name, setup in _SETS.items()),
    ),
    Experiment(
        "index-cost",
        "to make the table of lines with those indexes",
        tuple(Variant(name, setup) for name, setup in _SETS.items()),
        fresh=True,
    ),
    Experiment(
        "partitions",
        "the six questions of a table by month of purchase",
        (
            Variant("one table (kept)", _ASK, (*_WHOLE, *_BTREES, _ANALYZE)),
            Variant("partitions by month", _ASK, (*_BY_MONTH, *_BTREES, _ANALYZE)),
        ),
    ),
    Experiment(
        "partition-cost",
        "to make that table",
        (
            Variant("one table (kept)", (*_WHOLE, *_BTREES, _ANALYZE)),
            Variant("partitions by month", (*_BY_MONTH, *_BTREES, _ANALYZE)),
        ),
        fresh=True,
    ),
    Experiment(
        "intermediates",
        "orders with milestones, read by one fact and three tests",
        (
            Variant("view (kept)", (_READ.format("intermediate.int_orders_with_milestones"),) * 4),
            Variant("table", (f"create table made as {_SOURCE}", *(_READ.format("made"),) * 4)),
            Variant(
                "unlogged table",
                (f"create unlogged table made as {_SOURCE}", *(_READ.format("made"),) * 4),
            ),
        ),
        fresh=True,
    ),
    Experiment(
        "unlogged",
        "to copy the table of lines, and index it",
        (
            Variant("logged (kept)", (_AS_IT_COMES, *_BTREES)),
            Variant("unlogged", (_AS_IT_COMES.replace("create", "create unlogged"), *_BTREES)),
        ),
        fresh=True,
    ),
)
