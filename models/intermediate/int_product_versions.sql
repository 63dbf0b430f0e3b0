{% set measured = ['photos_count', 'weight_g', 'length_cm', 'height_cm', 'width_cm'] %}
{% set attributes = ['category_name_portuguese', 'photos_count', 'weight_g', 'volume_cm3'] %}

with

product_versions as (

    {{ versions_once_fixed(
        ref('base_olist__products'),
        'product_id',
        ['category_name_portuguese'] + measured,
        validated=measured,
    ) }}

),

products_measured as (

    select
        *,
        {{ volume_cm3() }} as volume_cm3
    from product_versions

),

-- What a batch said of a product: as it is now, or that it has gone.
states as (

    select
        product_id,
        {{ attributes | join(",\n        ") }},
        false as is_removed,
        _batch_id
    from products_measured

    union all

    select
        product_id,
        {{ attributes | join(",\n        ") }},
        true as is_removed,
        until_batch_id as _batch_id
    from products_measured
    where {{ is_deleted() }}

),

-- By the source's own attributes: what a seed or translation makes of them begins no version.
states_compared as (

    select
        *,
        ({{ is_changed(attributes + ['is_removed'], 'product_id') }}) as is_new
    from states

),

final as (

    select
        product_id,
        {{ attributes | join(",\n        ") }},
        is_removed,
        _batch_id
    from states_compared
    where is_new

)

select * from final
