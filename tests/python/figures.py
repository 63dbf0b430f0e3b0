"""What each metric of the semantic layer must give: SQL on the marts, written without MetricFlow.

A rule of tests/governance holds that every metric is here, or in over_time.py.
"""

from typing import NamedTuple


class Figure(NamedTuple):
    """A metric as an aggregate over a source of dimensions.py, and its place in docs/metrics.md."""

    source: str
    value: str
    query: int = 0  # which of the queries of its section gives the total


_KNOWN = "nullif({}.customer_key, '-1')"

FIGURES: dict[str, Figure] = {
    # money
    "revenue": Figure("lines", "sum(lines.price)"),
    "net_revenue": Figure(
        "lines",
        "sum(lines.price) filter (where lines.order_status not in ('canceled', 'unavailable'))",
    ),
    "freight": Figure("lines", "sum(lines.freight_value)"),
    "freight_share": Figure(
        "lines",
        "sum(lines.freight_value) * 100 / nullif(sum(lines.price) + sum(lines.freight_value), 0)",
    ),
    "gmv": Figure("lines", "sum(lines.price) + sum(lines.freight_value)"),
    "payments": Figure("payments", "sum(payments.payment_value)"),
    "payment_count": Figure("payments", "count(*)"),
    "paid_orders": Figure("payments", "count(distinct payments.order_id)", 1),
    "average_installments": Figure(
        "payments", "sum(payments.installments) * 1.0 / count(payments.installments)"
    ),
    "average_order_value": Figure(
        "orders",
        "sum(orders.items_value) / nullif(count(*) filter (where orders.item_count > 0), 0)",
    ),
    "average_item_price": Figure("lines", "sum(lines.price) / count(lines.price)"),
    # orders
    "orders": Figure("orders", "count(*)"),
    "canceled_orders": Figure("orders", "count(*) filter (where orders.order_status = 'canceled')"),
    "cancellation_share": Figure(
        "orders", "count(*) filter (where orders.order_status = 'canceled') * 100.0 / count(*)", 1
    ),
    "items": Figure("lines", "count(*)"),
    "orders_with_items": Figure("lines", "count(distinct lines.order_id)"),
    "items_per_order": Figure("lines", "count(*) * 1.0 / count(distinct lines.order_id)", 1),
    "revenue_per_order": Figure("lines", "sum(lines.price) / count(distinct lines.order_id)"),
    "active_sellers": Figure("lines", "count(distinct nullif(lines.seller_key, '-1'))"),
    "products_sold": Figure("lines", "count(distinct nullif(lines.product_key, '-1'))"),
    # customers
    "customers": Figure("people", "count(*)"),
    "active_customers": Figure("orders", f"count(distinct {_KNOWN.format('orders')})"),
    "buyers": Figure("lines", f"count(distinct {_KNOWN.format('lines')})"),
    "repeat_customers": Figure(
        "people", "nullif(count(*) filter (where people.order_count > 1), 0)"
    ),
    "repeat_share": Figure(
        "people",
        "count(*) filter (where people.order_count > 1) * 100.0"
        " / nullif(count(*) filter (where people.order_count > 0), 0)",
        1,
    ),
    "orders_per_customer": Figure(
        "orders", f"count(*) * 1.0 / nullif(count(distinct {_KNOWN.format('orders')}), 0)"
    ),
    "revenue_per_buyer": Figure(
        "lines", f"sum(lines.price) / nullif(count(distinct {_KNOWN.format('lines')}), 0)"
    ),
    # delivery
    "delivered_orders": Figure(
        "orders", "count(*) filter (where orders.order_status = 'delivered')"
    ),
    "deliveries": Figure("deliveries", "count(*) filter (where orders.order_status = 'delivered')"),
    "late_orders": Figure("orders", "count(*) filter (where orders.is_late)"),
    "late_orders_by_the_clock": Figure(
        "orders",
        "count(*) filter (where orders.is_delivered"
        " and orders.delivered_at > orders.estimated_delivery_on)",
        1,
    ),
    "late_share": Figure(
        "orders",
        "count(*) filter (where orders.is_late) * 100.0 / nullif(count(orders.is_late), 0)",
    ),
    "delivery_days": Figure(
        "orders", "avg(orders.days_to_deliver) filter (where orders.is_delivered)"
    ),
    "delivery_whole_days": Figure(
        "orders",
        "avg(extract(day from orders.delivered_at - orders.purchased_at))"
        " filter (where orders.is_delivered)",
        1,
    ),
    "delivery_calendar_days": Figure(
        "orders",
        "avg(orders.delivered_at::date - orders.purchased_at::date)"
        " filter (where orders.is_delivered)",
        2,
    ),
    "days_to_ship": Figure("orders", "avg(orders.days_to_ship)"),
    "hours_to_approve": Figure("orders", "avg(orders.hours_to_approve)"),
    # reviews
    "review_score": Figure("orders", "avg(orders.review_score)"),
    "reviewed_share": Figure("orders", "count(orders.review_score) * 100.0 / count(*)"),
    "reviews": Figure("reviews", "count(*)"),
    "positive_reviews": Figure("reviews", "count(*) filter (where reviews.review_score >= 4)"),
    "neutral_reviews": Figure("reviews", "count(*) filter (where reviews.review_score = 3)", 1),
    "negative_reviews": Figure("reviews", "count(*) filter (where reviews.review_score <= 2)", 2),
    "five_star_share": Figure(
        "reviews",
        "count(*) filter (where reviews.review_score = 5) * 100.0"
        " / nullif(count(reviews.review_score), 0)",
    ),
    "positive_share": Figure(
        "reviews",
        "count(*) filter (where reviews.review_score >= 4) * 100.0"
        " / nullif(count(reviews.review_score), 0)",
        1,
    ),
    "negative_share": Figure(
        "reviews",
        "count(*) filter (where reviews.review_score <= 2) * 100.0"
        " / nullif(count(reviews.review_score), 0)",
        2,
    ),
    "comment_share": Figure(
        "reviews", "count(*) filter (where reviews.has_comment) * 100.0 / count(*)", 3
    ),
    "hours_to_answer": Figure("reviews", "avg(reviews.hours_to_answer)"),
}
