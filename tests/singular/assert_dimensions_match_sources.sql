-- Seller, product and place in the star are what staging and the seeds say of them, column by
-- column: an address or category that came from another column or row shows here.
with

sellers as (

    select sellers.seller_id as natural_key
    from {{ ref('stg_olist__sellers') }} as sellers
    left join {{ ref('dim_sellers') }} as dim_sellers
        on {{ dimension_key('sellers.seller_id') }} = dim_sellers.seller_key
    where
        (not sellers.is_removed or dim_sellers.seller_id is not null)
        and (
            dim_sellers.zip_code_prefix
            is distinct from coalesce(sellers.zip_code_prefix, 'unknown')
            or dim_sellers.city is distinct from coalesce(sellers.city, 'unknown')
            or dim_sellers.state_code is distinct from coalesce(sellers.state_code, 'unknown')
            or dim_sellers.geography_key
            is distinct from {{ dimension_key('sellers.zip_code_prefix') }}
            or dim_sellers.is_inferred
            or dim_sellers.is_removed <> sellers.is_removed
        )

),

products as (

    select products.product_id as natural_key
    from {{ ref('stg_olist__products') }} as products
    left join {{ ref('stg_olist__product_category_translations') }} as translations
        on products.category_name_portuguese = translations.category_name_portuguese
    left join {{ ref('dim_products') }} as dim_products
        on {{ dimension_key('products.product_id') }} = dim_products.product_key
    where
        (not products.is_removed or dim_products.product_id is not null)
        and (
            dim_products.category_name_portuguese
            is distinct from coalesce(products.category_name_portuguese, 'unknown')
            or dim_products.category_name is distinct from coalesce(
                translations.category_name_english, products.category_name_portuguese, 'unknown'
            )
            or dim_products.photos_count is distinct from products.photos_count
            or dim_products.weight_g is distinct from products.weight_g
            or dim_products.volume_cm3
            is distinct from
            cast(products.length_cm as bigint) * products.height_cm * products.width_cm
            or dim_products.is_inferred
            or dim_products.is_removed <> products.is_removed
        )

),

-- the most frequent address of a prefix is shown by unit tests
places as (

    select dim_geographies.zip_code_prefix as natural_key
    from {{ ref('dim_geographies') }} as dim_geographies
    left join {{ ref('int_zip_code_points') }} as points
        on dim_geographies.zip_code_prefix = points.zip_code_prefix
    left join {{ ref('states') }} as states
        on dim_geographies.state_code = states.state_code
    where
        dim_geographies.city <> points.city
        or dim_geographies.state_code <> points.state_code
        or dim_geographies.state_name is distinct from coalesce(states.state_name, 'unknown')
        or dim_geographies.region is distinct from coalesce(states.region, 'unknown')
        or dim_geographies.latitude is distinct from points.latitude
        or dim_geographies.longitude is distinct from points.longitude
        or dim_geographies.is_inferred <> (
            points.zip_code_prefix is null
            and dim_geographies.geography_key <> {{ unknown_key() }}
        )

)

select
    'dim_sellers' as dimension,
    natural_key
from sellers
union all
select
    'dim_products' as dimension,
    natural_key
from products
union all
select
    'dim_geographies' as dimension,
    natural_key
from places
