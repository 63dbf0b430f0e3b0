-- Person, seller, product and place in the star are what staging and the seeds say of them, column
-- by column: an address or category that came from another column or row shows here. Counting
-- customer_id as a customer, one per order, would hide every repeat purchase.
with

members as (

    select
        customer_key,
        customer_unique_id,
        zip_code_prefix,
        city,
        state_code,
        geography_key,
        first_order_at,
        last_order_at,
        is_removed
    from {{ ref('dim_customers') }}
    where customer_key <> {{ unknown_key() }}

),

-- Each customer of the source is a member, and no other; whatever row of one was chosen, the
-- whole address is that row's. One who has gone may have no member.
customers as (

    select coalesce(members.customer_unique_id, customers.customer_unique_id) as natural_key
    from members
    full outer join {{ ref('stg_olist__customers') }} as customers
        on members.customer_unique_id = customers.customer_unique_id
    where coalesce(members.customer_unique_id, customers.customer_unique_id) is not null
    group by coalesce(members.customer_unique_id, customers.customer_unique_id)
    having
        coalesce(min(cast(members.is_removed as integer)), 1)
        <> coalesce(min(cast(customers.is_removed as integer)), -1)
        or (
            count(members.customer_key) > 0
            and count(
                case
                    when
                        members.zip_code_prefix = coalesce(customers.zip_code_prefix, 'unknown')
                        and members.city = coalesce(customers.city, 'unknown')
                        and members.state_code = coalesce(customers.state_code, 'unknown')
                        then 1
                end
            ) = 0
        )

),

orders as (

    select
        customer_key,
        min(purchased_at) as first_order_at,
        max(purchased_at) as last_order_at
    from {{ ref('fct_orders') }}
    group by customer_key

),

order_times as (

    select members.customer_unique_id as natural_key
    from members
    left join orders
        on members.customer_key = orders.customer_key
    where
        members.geography_key <> {{ dimension_key("nullif(members.zip_code_prefix, 'unknown')") }}
        or members.first_order_at is distinct from orders.first_order_at
        or members.last_order_at is distinct from orders.last_order_at

),

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
    'dim_customers' as dimension,
    natural_key
from customers
union all
select
    'dim_customers' as dimension,
    natural_key
from order_times
union all
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
