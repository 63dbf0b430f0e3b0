with

purchases as (

    select
        substr(order_purchase_timestamp, 12, 2)::integer as hour_of_day,
        to_char(order_purchase_timestamp::date, 'FMday') as weekday
    from raw.orders
    where _until_batch_id is null and order_purchase_timestamp is not null

)

select
    hour_of_day,
    sum(case weekday when 'monday' then 1 else 0 end) as monday,
    sum(case weekday when 'tuesday' then 1 else 0 end) as tuesday,
    sum(case weekday when 'wednesday' then 1 else 0 end) as wednesday,
    sum(case weekday when 'thursday' then 1 else 0 end) as thursday,
    sum(case weekday when 'friday' then 1 else 0 end) as friday,
    sum(case weekday when 'saturday' then 1 else 0 end) as saturday,
    sum(case weekday when 'sunday' then 1 else 0 end) as sunday,
    count(*) as all_days,
    round(100.0 * count(*) / (select count(*) from purchases), 2) as percent_of_orders
from purchases
group by hour_of_day
order by hour_of_day
