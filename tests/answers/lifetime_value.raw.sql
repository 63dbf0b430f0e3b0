with

prices as (

    select
        order_id,
        revenue as price
    from {{ part('revenue_by_order') }}

),

customers as (

    select
        customers.customer_unique_id as customer,
        count(*) as orders,
        coalesce(sum(prices.price), 0) as revenue
    from raw.customers
    inner join raw.orders on customers.customer_id = orders.customer_id
    left join prices on orders.order_id = prices.order_id
    where
        orders._until_batch_id is null
        and customers._until_batch_id is null
        and customers.customer_unique_id is not null
    group by customers.customer_unique_id

),

sorted as (

    select
        array_agg(orders order by revenue desc, customer asc) as orders,
        array_agg(revenue order by revenue desc, customer asc) as revenues,
        count(*) as customers,
        sum(revenue) as revenue
    from customers

),

tiers as (

    select *
    from (
        values
        ('1: best 1 %', 0, 1),
        ('2: next 4 %', 1, 5),
        ('3: next 15 %', 5, 20),
        ('4: next 30 %', 20, 50),
        ('5: other 50 %', 50, 100)
    ) as named (tier, above, up_to)

)

select
    tiers.tier,
    count(*) as customers,
    round(avg(ranked.orders), 2) as orders_per_customer,
    round(100.0 * sum(case when ranked.orders > 1 then 1 else 0 end) / count(*), 2)
        as repeat_percent,
    min(ranked.revenue) as least_value,
    round(percentile_cont(0.5) within group (order by ranked.revenue desc)::numeric, 2)
        as median_value,
    round(sum(ranked.revenue) / count(*), 2) as average_value,
    sum(ranked.revenue) as revenue,
    round(100 * sum(ranked.revenue) / sorted.revenue, 2) as revenue_percent
from tiers
cross join sorted
cross join
    lateral (
        select
            unnest(sorted.orders[customers * above / 100 + 1:customers * up_to / 100]) as orders,
            unnest(sorted.revenues[customers * above / 100 + 1:customers * up_to / 100]) as revenue
    ) as ranked
group by tiers.tier, sorted.revenue
order by tiers.tier
