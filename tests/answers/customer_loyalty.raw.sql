with

purchases as (

    select
        customer,
        array_agg(order_id order by purchased_at, order_id) as order_ids,
        array_agg(purchased_at order by purchased_at, order_id) as moments
    from {{ part('purchases') }}
    group by customer

),

steps as (

    select
        purchases.customer,
        purchases.order_ids[number] as order_id,
        case when number > 5 then 5 else number end as number,
        purchases.moments[number] as moment,
        purchases.moments[number - 1] as moment_before
    from purchases
    cross join generate_subscripts(purchases.order_ids, 1) as number

),

prices as (

    select
        order_id,
        revenue as price
    from {{ part('revenue_by_order') }}

),

numbered as (

    select
        steps.number,
        count(*) as orders,
        count(distinct steps.customer) as customers,
        count(*) filter (where date_trunc('day', moment) = date_trunc('day', moment_before))
            as same_day,
        count(moment_before) as later_ones,
        percentile_cont(array[0.5, 0.9])
            within group (order by extract(epoch from moment - moment_before) / 86400)
            as intervals,
        coalesce(sum(prices.price), 0) as revenue
    from steps
    left join prices on steps.order_id = prices.order_id
    group by steps.number

)

select
    here.number as order_number,
    here.orders,
    here.customers,
    round(100.0 * here.customers / before.customers, 2) as percent_of_those_before,
    round(100.0 * here.same_day / nullif(here.later_ones, 0), 1) as same_day_percent,
    round(here.intervals[1]::numeric, 1) as median_days_since_order_before,
    round(here.intervals[2]::numeric, 1) as p90_days_since_order_before,
    here.revenue,
    round(100 * here.revenue / (select sum(revenue) from numbered), 2) as revenue_percent
from numbered as here
left join numbered as before on before.number = here.number - 1
order by here.number
