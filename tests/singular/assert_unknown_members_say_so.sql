-- The unknown member of each dimension calls itself unknown in every text, and is not inferred.
select 'dim_customers' as dimension
from {{ ref('dim_customers') }}
where
    customer_key = '-1'
    and (
        customer_unique_id <> 'unknown'
        or zip_code_prefix <> 'unknown'
        or city <> 'unknown'
        or state_code <> 'unknown'
        or geography_key <> '-1'
        or is_removed
    )

union all

select 'dim_sellers' as dimension
from {{ ref('dim_sellers') }}
where
    seller_key = '-1'
    and (
        seller_id <> 'unknown'
        or zip_code_prefix <> 'unknown'
        or city <> 'unknown'
        or state_code <> 'unknown'
        or geography_key <> '-1'
        or is_inferred
        or is_removed
    )

union all

select 'dim_products' as dimension
from {{ ref('dim_products') }}
where
    product_key = '-1'
    and (
        product_id <> 'unknown'
        or category_name <> 'unknown'
        or category_name_portuguese <> 'unknown'
        or weight_band <> 'unknown'
        or is_inferred
        or is_removed
    )

union all

select 'dim_geographies' as dimension
from {{ ref('dim_geographies') }}
where
    geography_key = '-1'
    and (
        zip_code_prefix <> 'unknown'
        or city <> 'unknown'
        or state_code <> 'unknown'
        or state_name <> 'unknown'
        or region <> 'unknown'
        or is_inferred
    )

union all

select 'dim_payment_types' as dimension
from {{ ref('dim_payment_types') }}
where
    payment_type_key = '-1'
    and (payment_type <> 'unknown' or payment_type_name <> 'Unknown' or is_inferred)
