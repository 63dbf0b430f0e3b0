"""What sqlfluff's jinja templater sees for dbt's cross-database macros."""


def datediff(first: str, second: str, datepart: str) -> str:
    """Stand for the periods between two moments."""
    return f"datediff({first}, {second}, '{datepart}')"


def dateadd(datepart: str, interval: int, moment: str) -> str:
    """Stand for a moment some periods later."""
    return f"dateadd({moment}, {interval}, '{datepart}')"


def date_trunc(datepart: str, moment: str) -> str:
    """Stand for the start of a period."""
    return f"date_trunc('{datepart}', {moment})"


def concat(parts: list[str]) -> str:
    """Stand for texts put together."""
    return f"concat({parts[0]})"


def type_string() -> str:
    """Stand for the type of a text."""
    return "text"
