-- What a report adds up is what the facts hold: no line, payment or delivery is lost, nor counted
-- twice by a join. Who compares two reports leans on it.
with

lines as (

    select
        count(*) as line_count,
        coalesce(sum(price), 0) as revenue,
        coalesce(sum(freight_value), 0) as freight_value
    from {{ ref('fct_order_items') }}

),

reports as (

    {%- for report in [
        'rpt_seller_orders', 'rpt_seller_scorecard', 'rpt_product_performance',
        'rpt_category_performance',
    ] %}

    select
        '{{ report }}' as report,
        coalesce(sum(line_count), 0) as line_count,
        coalesce(sum(revenue), 0) as revenue,
        coalesce(sum(freight_value), 0) as freight_value
    from {{ ref(report) }}

    union all
    {%- endfor %}

    select
        'rpt_payment_reconciliation' as report,
        coalesce(sum(line_count), 0) as line_count,
        coalesce(sum(items_value), 0) as revenue,
        coalesce(sum(freight_value), 0) as freight_value
    from {{ ref('rpt_payment_reconciliation') }}

),

deliveries as (

    {%- for report in ['rpt_delivery_by_route', 'rpt_delivery_by_distance'] %}

    select
        '{{ report }}' as report,
        coalesce(sum(parcels), 0) as counted,
        coalesce(sum(late_parcels), 0) as late
    from {{ ref(report) }}

    union all
    {%- endfor %}

    select
        'rpt_seller_orders' as report,
        count(*) as counted,
        count(case when is_late then 1 end) as late
    from {{ ref('rpt_seller_orders') }}
    where is_delivered

),

totals as (

    {%- for part in ['counted', 'late'] %}

    select
        'deliveries, {{ part }}' as figure,
        min({{ part }}) as lowest,
        max({{ part }}) as highest
    from deliveries

    union all
    {%- endfor %}

    select
        'delivered orders' as figure,
        (
            select coalesce(sum(by_state.delivered_orders), 0)
            from {{ ref('rpt_delivery_by_state') }} as by_state
        ) as lowest,
        (
            select count(*)
            from {{ ref('fct_orders') }} as orders
            where orders.is_delivered
        ) as highest

    union all

    select
        'payments' as figure,
        (
            select coalesce(sum(by_order.payments_value), 0)
            from {{ ref('rpt_payment_reconciliation') }} as by_order
        ) as lowest,
        (
            select coalesce(sum(payments.payment_value), 0)
            from {{ ref('fct_payments') }} as payments
        ) as highest

)

select
    reports.report as figure,
    reports.revenue as ours,
    lines.revenue as theirs
from reports
cross join lines
where
    reports.line_count <> lines.line_count
    or reports.revenue <> lines.revenue
    or reports.freight_value <> lines.freight_value

union all

select
    figure,
    lowest as ours,
    highest as theirs
from totals
where lowest <> highest
