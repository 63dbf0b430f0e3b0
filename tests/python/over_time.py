"""What the metrics over time must give, by month and by day: SQL without MetricFlow."""

_BY_MONTH = """
    select to_date(days.year_month, 'YYYY-MM') as period, {value} as figure
    from {source}
    where days.date_key <> -1
    group by days.year_month
"""
_LINES = """
    marts.fct_order_items as lines
    inner join marts.dim_dates as days on days.date_key = lines.purchased_date_key
"""
_ORDERS = """
    marts.fct_orders as orders
    inner join marts.dim_dates as days on days.date_key = orders.purchased_date_key
"""


def _growth(source: str, value: str, ago: str) -> str:
    figures = _BY_MONTH.format(source=source, value=value)
    return f"""
        with figures as ({figures})
        select now.period, now.figure * 100.0 / nullif(earlier.figure, 0) - 100
        from figures as now
        inner join figures as earlier on earlier.period = now.period - interval '{ago}'
    """


def _so_far(since: str, end: str, period: str) -> str:
    """Revenue of the days that ``since`` lets in, up to the last day of each period."""
    return f"""
        with daily as (
            select days.date_day, sum(lines.price) as figure from {_LINES}
            where days.date_key <> -1
            group by days.date_day
        ),
        periods as (
            select {period} as period, {end} as last_day
            from marts.dim_dates as days
            where days.date_key <> -1
            group by 1
        )
        select periods.period, sum(daily.figure)
        from periods
        inner join daily on daily.date_day <= periods.last_day and {since}
        group by periods.period
    """


_MONTHS = ("max(days.date_day)", "to_date(days.year_month, 'YYYY-MM')")
_DAYS = ("max(days.date_day)", "days.date_day")

OVER_TIME: dict[str, dict[str, str]] = {
    "revenue_growth_month_on_month": {
        "metric_time__month": _growth(_LINES, "sum(lines.price)", "1 month"),
    },
    "revenue_growth_year_on_year": {
        "metric_time__month": _growth(_LINES, "sum(lines.price)", "1 year"),
    },
    "orders_growth_month_on_month": {
        "metric_time__month": _growth(_ORDERS, "count(*)", "1 month"),
    },
    "cumulative_revenue": {
        "metric_time__month": _so_far("true", *_MONTHS),
        "metric_time__day": _so_far("true", *_DAYS),
    },
    "revenue_year_to_date": {
        "metric_time__month": _so_far(
            "daily.date_day >= date_trunc('year', periods.last_day)", *_MONTHS
        ),
        "metric_time__day": _so_far(
            "daily.date_day >= date_trunc('year', periods.last_day)", *_DAYS
        ),
    },
    "revenue_month_to_date": {
        "metric_time__day": _so_far(
            "daily.date_day >= date_trunc('month', periods.last_day)", *_DAYS
        ),
    },
    "revenue_last_28_days": {
        "metric_time__day": _so_far("daily.date_day > periods.last_day - 28", *_DAYS),
    },
    "cumulative_customers": {
        "metric_time__month": """
            select to_date(days.year_month, 'YYYY-MM'), (
                select nullif(count(*), 0) from marts.dim_customers
                where first_order_at < max(days.date_day) + 1 and customer_key <> '-1'
            )
            from marts.dim_dates as days
            where days.date_key <> -1
            group by days.year_month
        """,
    },
}
