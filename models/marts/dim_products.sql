with

int_products as (

    select
        product_id,
        category_name,
        category_name_portuguese,
        photos_count,
        weight_g,
        volume_cm3,
        weight_band
    from {{ ref('int_products') }}
    where not is_removed

),

order_items as (

    select product_id
    from {{ ref('stg_olist__order_items') }}

),

-- A product that was sold and that the source does not have (yet) is an inferred member.
inferred_products as (

    select distinct order_items.product_id
    from order_items
    left join int_products
        on order_items.product_id = int_products.product_id
    where
        order_items.product_id is not null
        and int_products.product_id is null

),

members as (

    select
        *,
        false as is_inferred
    from int_products

    union all

    select
        product_id,
        null as category_name,
        null as category_name_portuguese,
        null as photos_count,
        null as weight_g,
        null as volume_cm3,
        null as weight_band,
        true as is_inferred
    from inferred_products

    union all

    select
        null as product_id,
        null as category_name,
        null as category_name_portuguese,
        null as photos_count,
        null as weight_g,
        null as volume_cm3,
        null as weight_band,
        false as is_inferred

),

final as (

    select
        ---------- primary key
        {{ dimension_key('product_id') }} as product_key,

        ---------- natural key
        coalesce(product_id, 'unknown') as product_id,

        ---------- category: English, else Portuguese
        coalesce(category_name, 'unknown') as category_name,
        coalesce(category_name_portuguese, 'unknown') as category_name_portuguese,

        ---------- description and size
        photos_count,
        weight_g,
        volume_cm3,
        coalesce(weight_band, 'unknown') as weight_band,

        ---------- audit
        is_inferred
    from members

)

select * from final
