"""What sqlfluff's jinja templater sees for dbt_utils: SQL of the right shape."""


def generate_surrogate_key(columns: list[str]) -> str:
    """Stand for the hash of some columns."""
    return f"md5({columns[0]})"


def date_spine(datepart: str, start_date: str, end_date: str) -> str:
    """Stand for a query with one row per period."""
    return f"select {start_date} as date_{datepart}, {end_date} as end_date"
