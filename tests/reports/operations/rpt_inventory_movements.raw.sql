with moves as (
    select
        product_id,
        seller_id,
        lower(trim(transaction_type)) as type,
        quantity::bigint as pieces,
        quantity::bigint * unit_cost::numeric(12, 2) as reais,
        left(transaction_at, 10)::date as day
    from raw.inventory_transactions
    where _until_batch_id is null
),
aged as (
    select *, (select max(day) from moves) - day as age, (select max(day) from moves) as today
    from moves
)
select
    md5(product_id || '-' || seller_id) as inventory_movement_key,
    product_id,
    seller_id,
    min(today) as as_of_on,
    coalesce(sum(pieces) filter (where type = 'receipt'), 0)::bigint as received_quantity,
    coalesce(sum(pieces) filter (where type = 'receipt' and reais is not null), 0)::bigint
        as costed_quantity,
    coalesce(-sum(pieces) filter (where type = 'sale'), 0)::bigint as sold_quantity,
    coalesce(sum(pieces) filter (where type = 'return'), 0)::bigint as returned_quantity,
    coalesce(sum(pieces) filter (where type = 'adjustment'), 0)::bigint as adjusted_quantity,
    sum(pieces)::bigint as on_hand_quantity,
    coalesce(-sum(pieces) filter (where type = 'sale' and age < 30), 0)::bigint
        as sold_quantity_30d,
    coalesce(-sum(pieces) filter (where type = 'sale' and age < 90), 0)::bigint
        as sold_quantity_90d,
    coalesce(-sum(pieces) filter (where type = 'sale' and age < 365), 0)::bigint
        as sold_quantity_365d,
    coalesce(sum(reais) filter (where type = 'receipt'), 0)::numeric(22, 2) as received_value,
    coalesce(-sum(reais) filter (where type = 'sale'), 0)::numeric(22, 2) as sold_value,
    max(day) filter (where type = 'receipt') as last_received_on,
    max(day) filter (where type = 'sale') as last_sold_on
from aged
group by product_id, seller_id
