with

lines as (

    select
        order_id,
        count(*) as line_count,
        sum(price::numeric(12, 2)) as price,
        sum(freight_value::numeric(12, 2)) as freight
    from raw.order_items
    where _until_batch_id is null
    group by order_id

),

sold as (

    select
        left(orders.order_purchase_timestamp, 10)::date as day,
        count(*) as orders,
        coalesce(sum(lines.line_count), 0) as line_count,
        coalesce(sum(lines.price), 0) as price,
        coalesce(sum(lines.freight), 0) as freight
    from raw.orders
    inner join lines using (order_id)
    where orders._until_batch_id is null and orders.order_purchase_timestamp is not null
    group by 1

),

every_day as (

    select day::date
    from generate_series((select min(day) from sold), (select max(day) from sold), '1 day') as day

),

weeks as (

    select
        every_day.day,
        every_day.day - (select min(sold.day) from sold) as days_before,
        (
            select coalesce(sum(sold.price), 0) from sold
            where sold.day > every_day.day - 7 and sold.day <= every_day.day
        ) as week,
        (
            select coalesce(sum(sold.price), 0) from sold
            where sold.day > every_day.day - 14 and sold.day <= every_day.day - 7
        ) as week_before
    from every_day

)

select
    weeks.day as date_day,
    to_char(weeks.day, 'FMDay') as day_name,
    coalesce(sold.orders, 0) as orders_with_items,
    coalesce(sold.line_count, 0) as line_count,
    coalesce(sold.price, 0) as revenue,
    coalesce(sold.freight, 0) as freight,
    case when weeks.days_before >= 6 then round(weeks.week / 7, 2) end as average_of_7_days,
    case
        when weeks.days_before >= 13 and weeks.week_before <> 0
            then round(100 * (weeks.week - weeks.week_before) / weeks.week_before, 1)
    end as week_growth_percent
from weeks
left join sold on weeks.day = sold.day
order by weeks.day desc
