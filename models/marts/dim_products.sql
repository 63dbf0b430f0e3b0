with

products as (

    select
        product_id,
        category_name_portuguese,
        photos_count,
        weight_g,
        length_cm,
        height_cm,
        width_cm
    from {{ ref('stg_olist__products') }}

),

translations as (

    select
        category_name_portuguese,
        category_name_english
    from {{ ref('stg_olist__product_category_translations') }}

),

order_items as (

    select product_id
    from {{ ref('stg_olist__order_items') }}

),

weight_bands as (

    select
        weight_band,
        above_g,
        up_to_g
    from {{ ref('weight_bands') }}

),

-- A product that was sold and that the source does not have (yet) is an inferred member; the row
-- of nulls is the unknown member.
members_without_product as (

    select distinct order_items.product_id
    from order_items
    left join products
        on order_items.product_id = products.product_id
    where
        order_items.product_id is not null
        and products.product_id is null

    union all

    select null as product_id

),

members as (

    select
        products.category_name_portuguese,
        products.photos_count,
        products.weight_g,
        coalesce(products.product_id, members_without_product.product_id) as product_id,
        products.length_cm * products.height_cm * products.width_cm as volume_cm3,
        products.product_id is null
        and members_without_product.product_id is not null as is_inferred
    from products
    full outer join members_without_product
        on products.product_id = members_without_product.product_id

),

final as (

    select
        ---------- primary key
        {{ dimension_key('members.product_id') }} as product_key,

        ---------- natural key
        coalesce(members.product_id, 'unknown') as product_id,

        ---------- category: English, else Portuguese
        coalesce(
            translations.category_name_english, members.category_name_portuguese, 'unknown'
        ) as category_name,
        coalesce(members.category_name_portuguese, 'unknown') as category_name_portuguese,

        ---------- description and size
        members.photos_count,
        members.weight_g,
        members.volume_cm3,
        coalesce(weight_bands.weight_band, 'unknown') as weight_band,

        ---------- audit
        members.is_inferred
    from members
    left join translations
        on members.category_name_portuguese = translations.category_name_portuguese
    left join weight_bands
        on
            members.weight_g > weight_bands.above_g
            and members.weight_g <= coalesce(weight_bands.up_to_g, members.weight_g)

)

select * from final
