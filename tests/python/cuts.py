"""What the figures are taken from, and each way to cut it: joins without MetricFlow."""


def _orders(date_key: str) -> str:
    return f"""
        marts.fct_orders as orders
        inner join marts.dim_dates as days on days.date_key = orders.{date_key}
        inner join marts.dim_geographies as places
            on places.geography_key = orders.customer_geography_key
        inner join marts.dim_customers as people on people.customer_key = orders.customer_key
    """


# Days are taken from the calendar, where the semantic layer takes them from the moments.
SOURCES = {
    "orders": _orders("purchased_date_key"),
    "deliveries": _orders("delivered_date_key"),
    "lines": """
        marts.fct_order_items as lines
        inner join marts.dim_dates as days on days.date_key = lines.purchased_date_key
        inner join marts.dim_geographies as places
            on places.geography_key = lines.customer_geography_key
        inner join marts.dim_geographies as origins
            on origins.geography_key = lines.seller_geography_key
        inner join marts.dim_products as products on products.product_key = lines.product_key
        inner join marts.dim_sellers as sellers on sellers.seller_key = lines.seller_key
        inner join marts.dim_customers as people on people.customer_key = lines.customer_key
        left join marts.fct_orders as orders on orders.order_id = lines.order_id
    """,
    "payments": """
        marts.fct_payments as payments
        inner join marts.dim_dates as days on days.date_key = payments.purchased_date_key
        inner join marts.dim_geographies as places
            on places.geography_key = payments.customer_geography_key
        inner join marts.dim_payment_types as types
            on types.payment_type_key = payments.payment_type_key
        left join marts.fct_orders as orders on orders.order_id = payments.order_id
    """,
    "reviews": """
        marts.fct_reviews as reviews
        inner join marts.dim_dates as days on days.date_key = reviews.created_date_key
        inner join marts.dim_geographies as places
            on places.geography_key = reviews.customer_geography_key
        left join marts.fct_orders as orders on orders.order_id = reviews.order_id
    """,
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
_WEEKDAY = {"purchase_day__day_name": "days.day_name"}
_PLACE = {
    "customer_geography__state_code": "places.state_code",
    "customer_geography__region": "places.region",
}
_ORDER = {
    "order_id__order_status": "orders.order_status",
    "order_id__is_late": "orders.is_late",
}
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
CUTS: dict[str, dict[str, str]] = {
    "orders": {
        **_TIME,
        **_WEEKDAY,
        **_PLACE,
        **_ORDER,
        **_COHORT,
        "order_id__delivered_on__month": "date_trunc('month', orders.delivered_at)",
        "customer__home_state": "people.state_code",
    },
    "deliveries": {**_MONTH, **_PLACE},
    "lines": {
        **_TIME,
        **_WEEKDAY,
        **_PLACE,
        **_ORDER,
        **_COHORT,
        "product__category_name": "products.category_name",
        "product__weight_band": "products.weight_band",
        "seller__seller_id": "sellers.seller_id",
        "seller_geography__state_code": "origins.state_code",
    },
    "payments": {
        **_TIME,
        **_WEEKDAY,
        **_PLACE,
        **_ORDER,
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
