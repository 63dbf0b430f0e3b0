"""What sqlfluff's jinja templater sees for dbt's adapter: a dispatched macro is a function call."""

from collections.abc import Callable

# Macros that name a relation: sqlfluff has to see it used.
_QUERIES = {"is_touched": "{} in (select touched_orders.order_id from touched_orders)"}


def dispatch(name: str, _package: str) -> Callable[..., str]:
    """Stand for a macro that differs between engines."""
    query = _QUERIES.get(name, name + "({})")
    return lambda *arguments: query.format(", ".join(arguments))
