"""What the metrics are taken from, and by which dimensions: joins without MetricFlow."""

_PLACES = "marts.dim_geographies as places on places.geography_key = {}.customer_geography_key"
_CUSTOMERS = "marts.dim_customers as people on people.customer_key = {}.customer_key"


def _source(fact: str, alias: str, date_key: str, *joins: str) -> str:
    """A fact with the calendar, the place of the customer and more dimensions."""
    days = f"marts.dim_dates as days on days.date_key = {alias}.{date_key}"
    inner = "".join(f" inner join {join.format(alias)}" for join in (days, _PLACES, *joins))
    of_order = "" if alias == "orders" else " left join marts.fct_orders as orders"
    of_order += of_order and f" on orders.order_id = {alias}.order_id"
    return f"marts.{fact} as {alias}{inner}{of_order}"


# Days are taken from the calendar, where the semantic layer takes them from the moments.
SOURCES = {
    "orders": _source("fct_orders", "orders", "purchased_date_key", _CUSTOMERS),
    "deliveries": _source("fct_orders", "orders", "delivered_date_key", _CUSTOMERS),
    "lines": _source(
        "fct_order_items",
        "lines",
        "purchased_date_key",
        "marts.dim_geographies as origins on origins.geography_key = {}.seller_geography_key",
        "marts.dim_products as products on products.product_key = {}.product_key",
        "marts.dim_sellers as sellers on sellers.seller_key = {}.seller_key",
        _CUSTOMERS,
    ),
    "payments": _source(
        "fct_payments",
        "payments",
        "purchased_date_key",
        "marts.dim_payment_types as types on types.payment_type_key = {}.payment_type_key",
    ),
    "reviews": _source("fct_reviews", "reviews", "created_date_key"),
    "people": """
        (
            select
                dim_customers.*,
                (
                    select count(*) from marts.fct_orders
                    where fct_orders.customer_key = dim_customers.customer_key
                ) as order_count
            from marts.dim_customers
            where dim_customers.customer_key <> '-1'
        ) as people
        left join marts.dim_dates as days on days.date_day = cast(people.first_order_at as date)
    """,
}

_MONTH = {"metric_time__month": "to_date(days.year_month, 'YYYY-MM')"}
_TIME = {
    **_MONTH,
    "metric_time__day": "days.date_day",
}
_PLACE = {
    "customer_geography__state_code": "places.state_code",
    "customer_geography__region": "places.region",
}
_ORDER = {
    "order_id__order_status": "orders.order_status",
    "order_id__is_late": "orders.is_late",
}
_PURCHASE = {**_TIME, **_PLACE, **_ORDER, "purchase_day__day_name": "days.day_name"}
_COHORT = {"customer__first_order_on__month": "date_trunc('month', people.first_order_at)"}

# The real data is large: there, only by these.
MAIN = {
    "metric_time__month",
    "customer_geography__state_code",
    "product__category_name",
    "payment_method__payment_type",
    "customer__home_state",
}

# Each source by each name of a dimension in the semantic layer.
DIMENSIONS: dict[str, dict[str, str]] = {
    "orders": {
        **_PURCHASE,
        **_COHORT,
        "order_id__delivered_on__month": "date_trunc('month', orders.delivered_at)",
        "customer__home_state": "people.state_code",
    },
    "deliveries": {**_MONTH, **_PLACE},
    "lines": {
        **_PURCHASE,
        **_COHORT,
        "product__category_name": "products.category_name",
        "product__weight_band": "products.weight_band",
        "seller__seller_id": "sellers.seller_id",
        "seller_geography__state_code": "origins.state_code",
    },
    "payments": {
        **_PURCHASE,
        "payment_method__payment_type": "types.payment_type",
        "payment__installments": "payments.installments",
    },
    "reviews": {
        **_MONTH,
        **_PLACE,
        **_ORDER,
        "review__sentiment": "reviews.sentiment",
        "review__has_comment": "reviews.has_comment",
    },
    "people": {
        **_MONTH,
        **_COHORT,
        "customer__home_state": "people.state_code",
        "customer__last_order_on__year": "date_trunc('year', people.last_order_at)",
    },
}
