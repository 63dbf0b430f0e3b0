with

rpt_customer_rfm as (

    select
        segment,
        recency_days,
        frequency,
        orders_with_items,
        monetary,
        lifespan_days
    from {{ ref('rpt_customer_rfm') }}

),

customers_summed_by_segment as (

    select
        segment,
        cast(sum(frequency) as integer) as orders,
        cast(sum(orders_with_items) as integer) as orders_with_items,
        cast(sum(monetary) as numeric(12, 2)) as revenue,
        cast(count(*) as integer) as customers,
        sum(recency_days) as recency_days,
        sum(lifespan_days) as lifespan_days
    from rpt_customer_rfm
    group by segment

),

final as (

    select
        ---------- primary key
        segment,

        ---------- totals
        customers,
        orders,
        orders_with_items,
        revenue,

        ---------- shares
        {{ quotient('100.0 * customers', 'sum(customers) over ()', 'numeric(5, 2)', 1) }}
            as customers_percent,
        {{ quotient(
            '10000 * revenue', '(100 * nullif(sum(revenue) over (), 0))', 'numeric(20, 4)', 2
        ) }} as revenue_percent,

        ---------- a customer
        {{ quotient('revenue', 'customers', 'numeric(12, 2)', 2) }} as revenue_per_customer,
        {{ quotient('1.0 * orders', 'customers', 'numeric(8, 4)', 1) }} as orders_per_customer,
        {{ quotient('1.0 * lifespan_days', 'customers', 'numeric(8, 2)', 1) }}
            as average_lifespan_days,
        {{ quotient('1.0 * recency_days', 'customers', 'numeric(8, 2)', 1) }}
            as average_recency_days,

        ---------- an order
        {{ quotient('revenue', 'nullif(orders_with_items, 0)', 'numeric(12, 2)', 2) }}
            as average_order_value
    from customers_summed_by_segment

)

select * from final
