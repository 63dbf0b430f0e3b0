-- Scores by counting the customers with each smaller value, and segments from a table of all scores,
-- instead of ranks and a list of rules.
with

purchases as (

    select *
    from {{ part('purchases') }}

),

customers as (

    select
        customer,
        (array_agg(state_code order by purchased_at desc, order_id desc))[1] as state_code,
        min(purchased_at)::date as first_order_on,
        max(purchased_at)::date as last_order_on,
        count(*) as frequency,
        count(revenue) as orders_with_items,
        coalesce(sum(revenue), 0) as monetary
    from purchases
    group by customer

),

days as (

    select
        last_order_on,
        sum(count(*)) over (order by last_order_on) - count(*) as customers_below
    from customers
    group by last_order_on

),

amounts as (

    select
        monetary,
        sum(count(*)) over (order by monetary) - count(*) as customers_below
    from customers
    group by monetary

),

totals as (

    select count(*) as customers
    from customers

),

last_days as (

    select max(order_purchase_timestamp::timestamp)::date as last_day
    from raw.orders
    where _until_batch_id is null

),

scored as (

    select
        customers.*,
        div(days.customers_below * 5, totals.customers)::integer + 1 as recency_score,
        case
            when customers.frequency > 4 then 5
            else customers.frequency::integer
        end as frequency_score,
        div(amounts.customers_below * 5, totals.customers)::integer + 1 as monetary_score
    from customers
    inner join days on customers.last_order_on = days.last_order_on
    inner join amounts on customers.monetary = amounts.monetary
    cross join totals

),

-- One letter for each monetary score, 1 to 5.
segments (is_repeat, recency_score, by_monetary) as (

    values
    (true, 1, 'aaaaa'),
    (true, 2, 'aaaaa'),
    (true, 3, 'yyyyy'),
    (true, 4, 'yyycc'),
    (true, 5, 'yyycc'),
    (false, 1, 'lllll'),
    (false, 2, 'hhhhh'),
    (false, 3, 'mmmmm'),
    (false, 4, 'nnnpp'),
    (false, 5, 'nnnpp')

),

names (letter, segment) as (

    values
    ('a', 'at_risk'), ('c', 'champions'), ('y', 'loyal'), ('l', 'lost'), ('h', 'hibernating'),
    ('m', 'needs_attention'), ('p', 'potential'), ('n', 'new')

)

select
    scored.customer as customer_unique_id,
    scored.first_order_on,
    scored.last_order_on,
    scored.frequency,
    scored.monetary::numeric(12, 2) as monetary,
    scored.orders_with_items,
    scored.recency_score,
    scored.frequency_score,
    scored.monetary_score,
    names.segment,
    md5(scored.customer) as customer_key,
    coalesce(scored.state_code, 'unknown') as state_code,
    last_days.last_day - scored.last_order_on as recency_days,
    scored.last_order_on - scored.first_order_on as lifespan_days,
    (scored.recency_score::text || scored.frequency_score || scored.monetary_score)::integer
        as rfm_score
from scored
cross join last_days
inner join segments
    on
        (scored.frequency > 1) = segments.is_repeat
        and scored.recency_score = segments.recency_score
inner join names
    on substr(segments.by_monetary, scored.monetary_score, 1) = names.letter
