"""What sqlfluff's jinja templater sees for dbt's adapter: a dispatched macro is a function call."""

from collections.abc import Callable

# Macros that name a relation or a type, or are a clause: sqlfluff has to see SQL.
_QUERIES = {
    "optimization_fence": "",
    "try_cast": "cast({} as {})",
    "quotient": "cast({} / {} as {})",
    "day_as_text": "to_char({}, '{}')",
}


def dispatch(name: str, _package: str) -> Callable[..., str]:
    """Stand for a macro that differs between engines."""
    if name in _QUERIES:
        return _QUERIES[name].format
    return lambda *arguments: f"{name}({', '.join(arguments)})"
