with

fct_orders as (

    select
        order_id,
        customer_key,
        purchased_date_key,
        order_status,
        item_count,
        items_value,
        freight_value,
        payments_value
    from {{ ref('fct_orders') }}
    where purchased_date_key <> -1

),

span_found as (

    select
        min(purchased_date_key) as first_date_key,
        max(purchased_date_key) as last_date_key
    from fct_orders

),

dim_dates as (

    select * from {{ ref('dim_dates') }}

),

-- Days without an order are rows too: else seven rows would not be seven days.
orders_summed_by_day as (

    select
        dim_dates.date_key,
        count(fct_orders.order_id) as orders,
        count(case when fct_orders.item_count > 0 then 1 end) as orders_with_items,
        count(case when fct_orders.order_status = 'canceled' then 1 end) as canceled_orders,
        count(case when fct_orders.order_status = 'unavailable' then 1 end) as unavailable_orders,
        count(distinct nullif(fct_orders.customer_key, {{ unknown_key() }})) as active_customers,
        coalesce(sum(fct_orders.item_count), 0) as item_count,
        coalesce(sum(fct_orders.items_value), 0) as revenue,
        coalesce(sum(case
            when fct_orders.order_status not in ('canceled', 'unavailable')
                then fct_orders.items_value
        end), 0) as net_revenue,
        coalesce(sum(fct_orders.freight_value), 0) as freight_value,
        coalesce(sum(fct_orders.payments_value), 0) as payments_value
    from dim_dates
    inner join span_found
        on dim_dates.date_key between span_found.first_date_key and span_found.last_date_key
    left join fct_orders
        on dim_dates.date_key = fct_orders.purchased_date_key
    group by dim_dates.date_key

),

weeks_summed as (

    select
        *,
        case
            when row_number() over (order by date_key) >= 7
                then sum(revenue) over (
                    order by date_key rows between 6 preceding and current row
                )
        end as revenue_7_days
    from orders_summed_by_day

),

final as (

    select
        ---------- primary key
        dim_dates.date_key,

        ---------- day
        dim_dates.date_day,
        dim_dates.year_month,
        dim_dates.day_name,
        dim_dates.is_weekend,
        dim_dates.is_holiday,
        dim_dates.holiday_name,

        ---------- counts
        cast(weeks_summed.orders as integer) as orders,
        cast(weeks_summed.orders_with_items as integer) as orders_with_items,
        cast(weeks_summed.canceled_orders as integer) as canceled_orders,
        cast(weeks_summed.unavailable_orders as integer) as unavailable_orders,
        cast(weeks_summed.item_count as integer) as item_count,
        cast(weeks_summed.active_customers as integer) as active_customers,

        ---------- money
        cast(weeks_summed.revenue as numeric(12, 2)) as revenue,
        cast(weeks_summed.net_revenue as numeric(12, 2)) as net_revenue,
        cast(weeks_summed.freight_value as numeric(12, 2)) as freight_value,
        cast(weeks_summed.revenue + weeks_summed.freight_value as numeric(12, 2)) as gmv,
        cast(weeks_summed.payments_value as numeric(12, 2)) as payments_value,
        {{ quotient(
            'weeks_summed.revenue', 'nullif(weeks_summed.orders_with_items, 0)', 'numeric(12, 2)', 2
        ) }} as average_order_value,
        cast(weeks_summed.revenue_7_days as numeric(12, 2)) as revenue_7_days,
        {{ quotient('weeks_summed.revenue_7_days', '7', 'numeric(12, 2)', 2) }}
            as average_revenue_7_days
    from weeks_summed
    inner join dim_dates
        on weeks_summed.date_key = dim_dates.date_key

)

select * from final
