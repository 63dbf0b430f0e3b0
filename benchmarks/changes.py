"""Changed files: a hundredth of all orders, or one day of them, with all that belongs to each."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

from loaders.connection import connect
from loaders.errors import LoaderError
from loaders.tables import BY_NAME

SHARE = 100
Row = dict[str, str]

# The day with the most orders, so that it has as many as are asked for at any size. Orders without
# a line, payment or review are left out: each fact has them all.
_CHOOSE = """
create temporary table chosen as
select order_id
from orders
where
    exists (select from order_items as i where i.order_id = orders.order_id)
    and exists (select from order_payments as p where p.order_id = orders.order_id)
    and exists (select from order_reviews as r where r.order_id = orders.order_id)
    and left(order_purchase_timestamp, 10) = (
        select left(order_purchase_timestamp, 10)
        from orders
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
        from orders join chosen using (order_id)
    """,
    "order_items": """
        select
            order_id, n::text, product_id, seller_id, shipping_limit_date,
            ({turn} + n + 0.99)::text, freight_value
        from order_items join chosen using (order_id),
            unnest(array[order_item_id::integer, 90]) as n
        where order_item_id = '1' or n <> 90
    """,
    "order_payments": """
        select
            order_id, n::text, payment_type, payment_installments, ({turn} + n + 0.49)::text
        from order_payments join chosen using (order_id),
            unnest(array[payment_sequential::integer, 90]) as n
        where payment_sequential = '1' or n <> 90
    """,
    "order_reviews": """
        select distinct
            id, order_id, (1 + ({turn} + length(id)) % 5)::text, '', 'turn {turn}',
            review_creation_date, review_answer_timestamp
        from (
            select distinct on (order_id) *
            from order_reviews
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
            " from raw.orders where _until_batch_id is null"
        )
        (orders,) = cursor.fetchone() or (0,)
    return max(1, int(orders))


def write_day(folder: Path, orders: int, turn: int) -> None:
    """Write the files of a delta that changes this many orders, from what is landed.

    Raises LoaderError when no day has so many.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with connect() as link, link.cursor() as cursor:
        for table in _ROWS:
            cursor.execute(
                f"create temporary view {table} as"  # noqa: S608 - our own names
                f" select * from raw.{table} where _until_batch_id is null"
            )
        cursor.execute(_CHOOSE, (orders,))
        if cursor.rowcount != orders:
            raise LoaderError(f"No day has {orders} orders to change: take more data.")
        for table, query in _ROWS.items():
            columns = ", ".join(BY_NAME[table].columns)
            rows = f"select * from ({query.format(turn=turn)}) as changed ({columns})"  # noqa: S608
            with (folder / BY_NAME[table].file).open("wb") as file:
                cursor.copy_expert(f"copy ({rows}) to stdout with (format csv, header)", file)
        link.rollback()


def change(data: Path, out: Path) -> int:
    """Write the changed files into ``out``; return how many rows differ.

    Every hundredth order by its place in the file is changed, always in the same way: its status,
    the prices and payments, the scores, and where it was delivered.
    """
    out.mkdir(parents=True)
    orders: set[str] = set()
    customers: set[str] = set()

    def order(number: int, row: Row) -> bool:
        if number % SHARE:
            return False
        orders.add(row["order_id"])
        customers.add(row["customer_id"])
        return _set(row, "order_status", "canceled", "unavailable")

    def of_order(column: str, *values: str) -> Callable[[int, Row], bool]:
        return lambda _, row: row["order_id"] in orders and _set(row, column, *values)

    def customer(_: int, row: Row) -> bool:
        return row["customer_id"] in customers and _set(
            row, "customer_city", "sao paulo", "rio de janeiro"
        )

    changes = {
        "orders": order,
        "order_items": of_order("price", "99.90", "89.90"),
        "order_payments": of_order("payment_value", "99.90", "89.90"),
        "order_reviews": of_order("review_score", "1", "5"),
        "customers": customer,
    }
    for file in data.iterdir():
        if file.name not in {BY_NAME[name].file for name in changes}:
            shutil.copyfile(file, out / file.name)
    return sum(_write(data, out, BY_NAME[name].file, does) for name, does in changes.items())


def _set(row: Row, column: str, value: str, other: str) -> bool:
    row[column] = other if row[column] == value else value
    return True


def _write(data: Path, out: Path, file: str, does: Callable[[int, Row], bool]) -> int:
    changed = 0
    with (
        (data / file).open(encoding="utf-8-sig", newline="") as before,
        (out / file).open("w", encoding="utf-8", newline="") as after,
    ):
        rows = csv.DictReader(before)
        writer = csv.DictWriter(after, rows.fieldnames or (), lineterminator="\n")
        writer.writeheader()
        for number, row in enumerate(rows):
            changed += does(number, row)
            writer.writerow(row)
    return changed
