-- Every day of every stock is laid out; then equal days that follow each other are one period.
with moves as (
    select product_id, seller_id, transaction_at::date as day, sum(quantity::int) as moved
    from raw.inventory_transactions
    where _until_batch_id is null
    group by 1, 2, 3
),
stocks as (
    select product_id, seller_id, min(day) as begins_on, (select max(day) from moves) as ends_on
    from moves
    group by 1, 2
),
days as (
    select
        product_id,
        seller_id,
        calendar.day::date as day,
        ends_on,
        coalesce(moves.moved, 0) as moved,
        moves.day is not null as has_moved
    from stocks
    cross join lateral generate_series(begins_on, ends_on, interval '1 day') as calendar (day)
    left join moves using (product_id, seller_id, day)
),
levels as (
    select
        *,
        sum(moved) over stock as level,
        count(*) filter (where has_moved) over stock as period
    from days
    window stock as (partition by product_id, seller_id order by day)
),
periods as (
    select
        product_id,
        seller_id,
        period,
        min(day) as from_on,
        max(day) as until_on,
        count(*) as days,
        count(*) filter (where ends_on - day < 365) as days_365d,
        min(level)::bigint as on_hand,
        max(day) = max(ends_on) as is_current
    from levels
    group by product_id, seller_id, period
)
select
    md5(product_id || '-' || seller_id || '-' || from_on) as inventory_level_key,
    product_id,
    seller_id,
    from_on,
    until_on,
    days,
    days_365d,
    on_hand as on_hand_quantity,
    not on_hand > 0 as is_stocked_out,
    is_current
from periods
