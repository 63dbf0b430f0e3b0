"""A delta of one day: some orders of one purchase day, and all that belongs to them, changed."""

from pathlib import Path

from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.tables import BY_NAME

# The day with the most orders, so that it has as many as are asked for at any size. Orders without
# a line, payment or review are left out: each fact has them all.
_CHOOSE = """
create temporary table chosen as
select order_id
from raw.orders
where
    _deleted_at is null
    and exists (select from raw.order_items as i where i.order_id = orders.order_id)
    and exists (select from raw.order_payments as p where p.order_id = orders.order_id)
    and exists (select from raw.order_reviews as r where r.order_id = orders.order_id)
    and left(order_purchase_timestamp, 10) = (
        select left(order_purchase_timestamp, 10)
        from raw.orders
        where _deleted_at is null
        group by 1
        order by count(*) desc, 1
        limit 1
    )
order by order_id
limit %s
"""

# What the source sends a day later, in turn `turn`: values that no turn before had, and for each
# order a second line, payment and review, which the first turn adds and later ones change.
_ROWS = {
    "orders": """
        select
            order_id, customer_id, 'delivered', order_purchase_timestamp, order_approved_at,
            order_delivered_carrier_date,
            to_char(
                coalesce(order_purchase_timestamp::timestamp, '2018-01-01')
                + interval '9 days' + {turn} * interval '1 minute',
                'YYYY-MM-DD HH24:MI:SS'
            ),
            order_estimated_delivery_date
        from raw.orders join chosen using (order_id)
    """,
    "order_items": """
        select
            order_id, n::text, product_id, seller_id, shipping_limit_date,
            ({turn} + n + 0.99)::text, freight_value
        from raw.order_items join chosen using (order_id),
            unnest(array[order_item_id::integer, 90]) as n
        where order_item_id = '1' or n <> 90
    """,
    "order_payments": """
        select
            order_id, n::text, payment_type, payment_installments, ({turn} + n + 0.49)::text
        from raw.order_payments join chosen using (order_id),
            unnest(array[payment_sequential::integer, 90]) as n
        where payment_sequential = '1' or n <> 90
    """,
    "order_reviews": """
        select distinct
            id, order_id, (1 + ({turn} + length(id)) % 5)::text, '', 'turn {turn}',
            review_creation_date, review_answer_timestamp
        from (
            select distinct on (order_id) *
            from raw.order_reviews
            where review_id not like 'day %'
            order by order_id, review_id
        ) as one_of_order join chosen using (order_id),
            unnest(array[review_id, left('day ' || review_id, 32)]) as id
    """,
}


def usual_day() -> int:
    """Orders of an average day of what is landed."""
    with connect() as link, link.cursor() as cursor:
        cursor.execute(
            "select count(*) / greatest(1, count(distinct left(order_purchase_timestamp, 10)))"
            " from raw.orders where _deleted_at is null"
        )
        (orders,) = cursor.fetchone() or (0,)
    return max(1, int(orders))


def write(folder: Path, orders: int, turn: int) -> None:
    """Write the files of a delta that changes this many orders, from what is landed.

    Raises LoaderError when no day has so many.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with connect() as link, link.cursor() as cursor:
        cursor.execute(_CHOOSE, (orders,))
        if cursor.rowcount != orders:
            raise LoaderError(f"No day has {orders} orders to change: take more data.")
        for table, query in _ROWS.items():
            columns = ", ".join(BY_NAME[table].columns)
            rows = f"select * from ({query.format(turn=turn)}) as changed ({columns})"  # noqa: S608
            with (folder / BY_NAME[table].file).open("wb") as file:
                cursor.copy_expert(f"copy ({rows}) to stdout with (format csv, header)", file)
        cursor.execute("drop table chosen")
