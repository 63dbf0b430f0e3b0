with

baskets as (

    select distinct
        order_items.order_id,
        coalesce(
            btrim(translations.product_category_name_english),
            nullif(btrim(products.product_category_name), ''),
            'unknown'
        ) as category_name
    from raw.order_items
    left join raw.products
        on order_items.product_id = products.product_id and products._until_batch_id is null
    left join raw.product_category_name_translation as translations
        on
            btrim(products.product_category_name) = btrim(translations.product_category_name)
            and translations._until_batch_id is null
    where order_items._until_batch_id is null

),

totals as (

    select count(distinct baskets.order_id) as orders
    from baskets
    inner join raw.orders
        on baskets.order_id = orders.order_id and orders._until_batch_id is null

),

pairs as (

    select
        one.category_name as first_category,
        other.category_name as second_category,
        count(*) as orders
    from baskets as one
    inner join baskets as other on one.order_id = other.order_id
    inner join raw.orders on one.order_id = orders.order_id and orders._until_batch_id is null
    where one.category_name < other.category_name
    group by one.category_name, other.category_name

),

sizes as (

    select
        category_name,
        count(*) as orders
    from baskets
    group by category_name

)

select
    pairs.first_category,
    pairs.second_category,
    pairs.orders,
    round(100.0 * pairs.orders / totals.orders, 4) as support_percent,
    round(100.0 * pairs.orders / one.orders, 2) as first_confidence_percent,
    round(100.0 * pairs.orders / other.orders, 2) as second_confidence_percent,
    round(1.0 * pairs.orders * totals.orders / (one.orders * other.orders), 3) as lift
from pairs
inner join sizes as one on pairs.first_category = one.category_name
inner join sizes as other on pairs.second_category = other.category_name
cross join totals
order by pairs.orders desc, pairs.first_category asc, pairs.second_category asc
limit 50
