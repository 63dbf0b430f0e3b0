{% set attributes = ['zip_code_prefix', 'city', 'state_code'] %}

with

seller_versions as (

    {{ versions_once_fixed(
        ref('base_olist__sellers'), 'seller_id', attributes, validated=['zip_code_prefix']
    ) }}

),

-- What a batch said of a seller: as it is now, or that it has gone.
states as (

    select
        seller_id,
        {{ attributes | join(",\n        ") }},
        false as is_removed,
        _batch_id
    from seller_versions

    union all

    select
        seller_id,
        {{ attributes | join(",\n        ") }},
        true as is_removed,
        until_batch_id as _batch_id
    from seller_versions
    where {{ is_deleted() }}

),

states_compared as (

    select
        *,
        ({{ is_changed(attributes + ['is_removed'], 'seller_id') }}) as is_new
    from states

),

final as (

    select
        seller_id,
        {{ attributes | join(",\n        ") }},
        is_removed,
        _batch_id
    from states_compared
    where is_new

)

select * from final
