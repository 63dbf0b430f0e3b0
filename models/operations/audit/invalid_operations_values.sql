{#- Every cast of the staging models of operations; tests/python/test_operations.py compares. -#}
{% set tables = {
    "inventory_transactions": (["transaction_id"], {
        "order_item_id": "integer",
        "quantity": "integer",
        "unit_cost": "numeric(12, 2)",
        "transaction_at": "timestamp",
    }),
    "invoices": (["invoice_id"], {
        "price": "numeric(12, 2)",
        "freight_value": "numeric(12, 2)",
        "total_value": "numeric(12, 2)",
        "payment_installments": "integer",
        "invoiced_at": "timestamp",
    }),
    "marketing_campaigns": (["campaign_id", "campaign_date"], {
        "impressions": "bigint",
        "clicks": "bigint",
        "cost": "numeric(12, 2)",
        "attributed_orders": "bigint",
        "attributed_revenue": "numeric(12, 2)",
        "campaign_date": "timestamp",
    }),
} %}

with

final as (

    {{ invalid_values_of('operations', tables) }}

)

select * from final
