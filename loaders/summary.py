"""What ``make build`` ends with: the figures of the star, and where to go from here."""

from psycopg2 import sql

from loaders.connection import connect, environment

_FIGURES = """
select
    count(*) as orders,
    sum(items_value) as items_value,
    sum(freight_value) as freight_value,
    sum(payments_value) as payments_value
from marts.fct_orders
"""


def print_summary(seconds: dict[str, float], tests: dict[str, int], how: str = "") -> None:
    """Print rows a mart, revenue, orders, tests, seconds a step, how to connect, what to try.

    ``how`` are the options by which ``olist env`` and ``olist psql`` connect in the same way.
    """
    with connect() as link, link.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = 'marts' order by 1")
        rows = {}
        for (table,) in cursor.fetchall():
            cursor.execute(
                sql.SQL("select count(*) from {}").format(sql.Identifier("marts", table))
            )
            rows[table] = (cursor.fetchone() or (0,))[0]
        cursor.execute(_FIGURES)
        orders, items, freight, payments = cursor.fetchone() or (0, 0, 0, 0)
    where = environment()
    options = f" {how}" if how else ""
    print("\n== summary")
    for table, count in rows.items():
        print(f"  marts.{table:<22} {count:>10,} rows")
    print(f"\n  orders                     {orders:>16,}")
    print(f"  revenue (items)         R$ {items or 0:>16,.2f}")
    print(f"  freight                 R$ {freight or 0:>16,.2f}")
    print(f"  payments                R$ {payments or 0:>16,.2f}")
    print(f"\n  tests    {tests.get('pass', 0)} passed, {tests.get('warn', 0)} warned")
    print("  seconds  " + ", ".join(f"{name} {spent:.1f}" for name, spent in seconds.items()))
    print(
        f"\n  connect  host {where['PGHOST']}, port {where['PGPORT']}, database"
        f" {where['PGDATABASE']}, user {where['PGUSER']}, schema marts"
        f"\n           password: .venv/bin/olist env{options}"
        f"\n  try      .venv/bin/olist psql{options} -c 'table marts.dim_payment_types'"
        "\n           make docs"
        "\n           .venv/bin/olist status"
    )
