with

int_products as (

    select
        product_id,
        category_name,
        category_name_portuguese,
        photos_count,
        weight_g,
        volume_cm3,
        weight_band,
        is_removed
    from {{ ref('int_products') }}

),

sold_products as (

    select distinct product_id
    from {{ ref('stg_olist__order_items') }}
    where product_id is not null

),

-- One that has gone from the source stays as long as a line names it. One that was sold and that
-- the source has never had (yet) is an inferred member.
members as (

    select
        int_products.*,
        false as is_inferred
    from int_products
    left join sold_products
        on int_products.product_id = sold_products.product_id
    where
        not int_products.is_removed
        or sold_products.product_id is not null

    union all

    select
        sold_products.product_id,
        null as category_name,
        null as category_name_portuguese,
        null as photos_count,
        null as weight_g,
        null as volume_cm3,
        null as weight_band,
        false as is_removed,
        true as is_inferred
    from sold_products
    left join int_products
        on sold_products.product_id = int_products.product_id
    where int_products.product_id is null

    union all

    select
        null as product_id,
        null as category_name,
        null as category_name_portuguese,
        null as photos_count,
        null as weight_g,
        null as volume_cm3,
        null as weight_band,
        false as is_removed,
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
        is_removed,
        is_inferred
    from members

)

select * from final
