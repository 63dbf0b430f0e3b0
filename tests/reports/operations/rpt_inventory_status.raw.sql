-- The level of each of the last 365 days is looked up by itself: all that moved up to that day.
with moves as (
    select
        product_id,
        seller_id,
        transaction_type as type,
        quantity::int as pieces,
        unit_cost::numeric(12, 2) as cost,
        transaction_at::timestamp as moment
    from raw.inventory_transactions
    where _until_batch_id is null
),
today as (
    select max(moment)::date as day from moves
),
year as (
    select generate_series(day - 364, day, interval '1 day')::date as day from today
),
stocks as (
    select
        product_id,
        seller_id,
        min(moment)::date as begins_on,
        case when min(moment)::date > day - 90 then day - min(moment)::date + 1 else 90 end as base
    from moves cross join today
    group by product_id, seller_id, day
),
changes as (
    select product_id, seller_id, moment::date as day, pieces from moves
    union all
    select stocks.product_id, stocks.seller_id, year.day, 0
    from stocks cross join year where year.day >= stocks.begins_on
),
levels as (
    select distinct
        product_id,
        seller_id,
        day,
        sum(pieces) over (partition by product_id, seller_id order by day) as level
    from changes
),
averages as (
    select
        product_id,
        seller_id,
        sum(level) as pieces,
        count(*) as days,
        count(*) filter (where level < 1) as empty_days
    from levels
    where day >= (select min(day) from year)
    group by 1, 2
),
sales as (
    select
        product_id,
        seller_id,
        sum(pieces) as on_hand,
        sum(pieces * cost) filter (where type = 'receipt') as paid,
        sum(pieces) filter (where type = 'receipt' and cost is not null) as costed,
        coalesce(-sum(pieces) filter (where type = 'sale' and moment >= day - 29), 0) as of_30,
        coalesce(-sum(pieces) filter (where type = 'sale' and moment >= day - 89), 0) as of_90,
        coalesce(-sum(pieces) filter (where type = 'sale' and moment >= day - 364), 0) as of_365
    from moves cross join today
    group by 1, 2
)
select
    md5(sales.product_id || '-' || sales.seller_id) as inventory_status_key,
    sales.product_id,
    sales.seller_id,
    coalesce(
        names.product_category_name_english, nullif(products.product_category_name, ''), 'unknown'
    ) as category_name,
    today.day as as_of_on,
    on_hand as on_hand_quantity,
    round(on_hand * paid / costed, 2)::numeric(22, 2) as on_hand_value,
    of_30 as sold_quantity_30d,
    of_90 as sold_quantity_90d,
    of_365 as sold_quantity_365d,
    empty_days as stock_out_days_365d,
    round(pieces::numeric / days, 2)::numeric(18, 2) as average_on_hand_365d,
    case when pieces > 0 then round(of_365 * days::numeric / pieces, 2)::numeric(18, 2) end
        as turnover_365d,
    case when of_90 > 0 then round(greatest(on_hand, 0) * 1.0 * base / of_90, 1)::numeric(18, 1) end
        as days_of_supply,
    (of_90 * 21 + base - 1) / base as reorder_point,
    not on_hand > 0 as is_stocked_out,
    case
        when of_90 > 0 then (of_90 * 21 + base - 1) / base >= on_hand
        when of_365 > 0 then not on_hand > 0
        else false
    end as needs_reorder,
    (not on_hand > 0)::integer as stocked_out_stocks,
    (case
            when of_90 > 0 then (of_90 * 21 + base - 1) / base >= on_hand
            when of_365 > 0 then not on_hand > 0
            else false
        end)::integer as stocks_to_reorder
from sales
inner join averages using (product_id, seller_id)
inner join stocks using (product_id, seller_id)
cross join today
left join raw.products
    on sales.product_id = products.product_id and products._until_batch_id is null
left join raw.product_category_name_translation as names
    on products.product_category_name = names.product_category_name
    and names._until_batch_id is null
