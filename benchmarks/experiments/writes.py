"""How an incremental run should write the orders of a day."""

from benchmarks.experiments.trial import Experiment, Variant

_DAY = "select * from marts.fct_orders where order_id < '004'"
_KEYS = ("customer_key", "purchased_date_key", "_batch_id")


def _setup(fillfactor: int) -> tuple[str, ...]:
    return (
        f"create table orders (like marts.fct_orders) with (fillfactor = {fillfactor})",
        "insert into orders select * from marts.fct_orders",
        "create unique index on orders (order_id)",
        *(f"create index on orders ({key})" for key in _KEYS),
        f"create temporary table if not exists day as {_DAY}",
        "analyze orders",
    )


_DELETE_AND_INSERT = (
    "delete from orders where order_id = any(array(select order_id from day))",
    "insert into orders select * from day",
)
_COLUMNS = ("order_status", "delivered_at", "is_late", "payments_value", "_batch_id")
_MERGE = (
    "merge into orders using day on orders.order_id = day.order_id when matched then update set "
    + ", ".join(f"{name} = day.{name}" for name in _COLUMNS)
    + ", hours_to_approve = 1 when not matched then do nothing",
)
_REWRITE = (
    "create table made as select * from orders",
    "create unique index on made (order_id)",
    *(f"create index on made ({key})" for key in _KEYS),
)

EXPERIMENTS = (
    Experiment(
        "writes",
        "to replace a hundred orders in four hundred thousand index entries, twenty times",
        (
            Variant("delete and insert (kept)", _DELETE_AND_INSERT * 20, _setup(100)),
            Variant("merge", _MERGE * 20, _setup(100)),
            Variant("merge, fillfactor 80", _MERGE * 20, _setup(80)),
            Variant("delete and insert, fillfactor 80", _DELETE_AND_INSERT * 20, _setup(80)),
            Variant("the whole table anew, once", _REWRITE, _setup(100)),
        ),
        fresh=True,
    ),
)
