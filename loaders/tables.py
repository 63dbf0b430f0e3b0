"""The raw tables: file name, columns as spelled in the CSV header, natural key."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """One raw table and the CSV file that feeds it.

    ``key`` is the natural key; it is empty for a table without one, which is replaced whole when
    its file changes. ``lookups`` are the columns, beside the first of the key, by which an
    incremental run finds the rows of a touched order; each gets an index.
    """

    name: str
    file: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    lookups: tuple[str, ...] = ()
    optional_columns: frozenset[str] = frozenset()
    is_optional: bool = False

    @property
    def indexes(self) -> dict[str, str]:
        """Column by name of its index, for those that an incremental run reads by."""
        columns = (*self.lookups, "_batch_id") if self.key else ()
        return {f"{self.name}_{column.strip('_')}_idx": column for column in columns}


# The nine tables of Olist: what a whole export has.
TABLES: tuple[Table, ...] = (
    Table(
        "customers",
        "olist_customers_dataset.csv",
        (
            "customer_id",
            "customer_unique_id",
            "customer_zip_code_prefix",
            "customer_city",
            "customer_state",
        ),
        ("customer_id",),
    ),
    Table(
        "geolocation",
        "olist_geolocation_dataset.csv",
        (
            "geolocation_zip_code_prefix",
            "geolocation_lat",
            "geolocation_lng",
            "geolocation_city",
            "geolocation_state",
        ),
        (),
    ),
    Table(
        "order_items",
        "olist_order_items_dataset.csv",
        (
            "order_id",
            "order_item_id",
            "product_id",
            "seller_id",
            "shipping_limit_date",
            "price",
            "freight_value",
        ),
        ("order_id", "order_item_id"),
        lookups=("seller_id",),
    ),
    Table(
        "order_payments",
        "olist_order_payments_dataset.csv",
        (
            "order_id",
            "payment_sequential",
            "payment_type",
            "payment_installments",
            "payment_value",
        ),
        ("order_id", "payment_sequential"),
    ),
    Table(
        "order_reviews",
        "olist_order_reviews_dataset.csv",
        (
            "review_id",
            "order_id",
            "review_score",
            "review_comment_title",
            "review_comment_message",
            "review_creation_date",
            "review_answer_timestamp",
        ),
        ("review_id", "order_id"),
        lookups=("order_id",),
    ),
    Table(
        "orders",
        "olist_orders_dataset.csv",
        (
            "order_id",
            "customer_id",
            "order_status",
            "order_purchase_timestamp",
            "order_approved_at",
            "order_delivered_carrier_date",
            "order_delivered_customer_date",
            "order_estimated_delivery_date",
        ),
        ("order_id",),
        lookups=("customer_id",),
    ),
    Table(
        "products",
        "olist_products_dataset.csv",
        (
            "product_id",
            "product_category_name",
            "product_name_lenght",
            "product_description_lenght",
            "product_photos_qty",
            "product_weight_g",
            "product_length_cm",
            "product_height_cm",
            "product_width_cm",
        ),
        ("product_id",),
    ),
    Table(
        "sellers",
        "olist_sellers_dataset.csv",
        ("seller_id", "seller_zip_code_prefix", "seller_city", "seller_state"),
        ("seller_id",),
    ),
    Table(
        "product_category_name_translation",
        "product_category_name_translation.csv",
        ("product_category_name", "product_category_name_english"),
        ("product_category_name",),
    ),
)

# What a shop may have beside them (docs/operations.md): they are landed where a file of theirs is.
OPTIONAL: tuple[Table, ...] = (
    Table(
        "inventory_transactions",
        "inventory_transactions.csv",
        (
            "transaction_id",
            "product_id",
            "seller_id",
            "transaction_type",
            "quantity",
            "transaction_at",
            "unit_cost",
            "order_id",
            "order_item_id",
        ),
        ("transaction_id",),
    ),
    Table(
        "marketing_campaigns",
        "marketing_campaigns.csv",
        (
            "campaign_id",
            "campaign_date",
            "campaign_name",
            "channel",
            "impressions",
            "clicks",
            "cost",
            "attributed_orders",
            "attributed_revenue",
        ),
        ("campaign_id", "campaign_date"),
    ),
)

ALL_TABLES = (*TABLES, *OPTIONAL)

BY_NAME: dict[str, Table] = {table.name: table for table in ALL_TABLES}
BY_FILE: dict[str, Table] = {table.file: table for table in ALL_TABLES}
