with

fct_orders as (

    select
        customer_key,
        purchased_date_key,
        item_count,
        items_value
    from {{ ref('fct_orders') }}
    where customer_key <> {{ unknown_key() }}

),

dim_customers as (

    select
        customer_key,
        customer_unique_id,
        state_code
    from {{ ref('dim_customers') }}

),

rpt_daily_sales as (

    select
        date_key,
        date_day
    from {{ ref('rpt_daily_sales') }}

),

last_day_found as (

    select max(date_day) as last_day
    from rpt_daily_sales

),

customers_measured as (

    select
        fct_orders.customer_key,
        cast(count(*) as integer) as frequency,
        cast(count(case when fct_orders.item_count > 0 then 1 end) as integer) as orders_with_items,
        min(rpt_daily_sales.date_day) as first_order_on,
        max(rpt_daily_sales.date_day) as last_order_on,
        sum(fct_orders.items_value) as monetary
    from fct_orders
    inner join rpt_daily_sales
        on fct_orders.purchased_date_key = rpt_daily_sales.date_key
    group by fct_orders.customer_key

),

-- rank() is one more than the number of customers below, so equals have one score. With ntile() it
-- would hang on how a tie was broken.
customers_scored as (

    select
        *,
        cast(least(frequency, 5) as integer) as frequency_score,
        cast(floor(5.0 * (rank() over (order by last_order_on) - 1) / count(*) over ()) as integer)
        + 1 as recency_score,
        cast(floor(5.0 * (rank() over (order by monetary) - 1) / count(*) over ()) as integer)
        + 1 as monetary_score
    from customers_measured

),

-- The one definition of the segments: of these rules the first that holds.
customers_named as (

    select
        *,
        case
            when frequency > 1 and recency_score <= 2 then 'at_risk'
            when frequency > 1 and recency_score >= 4 and monetary_score >= 4 then 'champions'
            when frequency > 1 then 'loyal'
            when recency_score = 1 then 'lost'
            when recency_score = 2 then 'hibernating'
            when recency_score = 3 then 'needs_attention'
            when monetary_score >= 4 then 'potential'
            else 'new'
        end as segment
    from customers_scored

),

final as (

    select
        ---------- primary key
        customers_named.customer_key,

        ---------- customer
        dim_customers.customer_unique_id,
        dim_customers.state_code,
        customers_named.first_order_on,
        customers_named.last_order_on,

        ---------- measures
        cast(
            {{ dbt.datediff('customers_named.last_order_on', 'last_day_found.last_day', 'day') }}
            as integer
        ) as recency_days,
        customers_named.frequency,
        cast(customers_named.monetary as numeric(12, 2)) as monetary,
        customers_named.orders_with_items,
        cast(
            {{ dbt.datediff(
                'customers_named.first_order_on', 'customers_named.last_order_on', 'day'
            ) }} as integer
        ) as lifespan_days,

        ---------- scores
        customers_named.recency_score,
        customers_named.frequency_score,
        customers_named.monetary_score,
        100 * customers_named.recency_score
        + 10 * customers_named.frequency_score
        + customers_named.monetary_score as rfm_score,
        customers_named.segment
    from customers_named
    inner join dim_customers
        on customers_named.customer_key = dim_customers.customer_key
    cross join last_day_found

)

select * from final
