-- Pairs from a list of categories an order, taken apart by place, instead of a join of rows.
with

lines as (

    select
        order_items.order_id,
        coalesce(
            nullif(btrim(translations.product_category_name_english), ''),
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

baskets as (

    select
        order_id,
        array_agg(distinct category_name order by category_name) as categories
    from lines
    group by order_id

),

pairs as (

    select
        baskets.categories[one.place] as first_category,
        baskets.categories[other.place] as second_category,
        count(*) as orders
    from baskets
    cross join lateral generate_series(1, cardinality(baskets.categories)) as one (place)
    cross join
        lateral generate_series(
            one.place + 1, cardinality(baskets.categories)
        ) as other (place)
    where cardinality(baskets.categories) > 1
    group by first_category, second_category

),

sizes as (

    select
        category_name,
        count(distinct order_id) as orders
    from lines
    group by category_name

),

totals as (

    select count(*) as orders
    from baskets

)

select
    pairs.first_category,
    pairs.second_category,
    pairs.orders,
    one.orders as first_category_orders,
    other.orders as second_category_orders,
    md5(pairs.first_category || '-' || pairs.second_category) as pair_key,
    pairs.first_category = 'unknown' or pairs.second_category = 'unknown' as has_unknown_category,
    round(100.0 * pairs.orders / totals.orders, 4) as support_percent,
    round(100.0 * pairs.orders / one.orders, 2) as first_confidence_percent,
    round(100.0 * pairs.orders / other.orders, 2) as second_confidence_percent,
    round((1.0 * pairs.orders / one.orders) / (1.0 * other.orders / totals.orders), 3) as lift
from pairs
inner join sizes as one on pairs.first_category = one.category_name
inner join sizes as other on pairs.second_category = other.category_name
cross join totals
