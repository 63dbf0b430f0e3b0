with

source as (

    select * from {{ source('olist', 'sellers') }}
    where {{ is_landed() }}

),

renamed as (

    select
        ---------- ids
        seller_id,

        ---------- strings
        {{ try_cast('seller_zip_code_prefix', 'zip_code_prefix') }} as zip_code_prefix,
        {{ trimmed('seller_city') }} as city,
        {{ trimmed('seller_state') }} as state_code,

        ---------- booleans: values that are null above because they are not of their type
        {{ is_invalid('seller_zip_code_prefix', 'zip_code_prefix') }} as is_zip_code_prefix_invalid,

        ---------- audit
        _batch_id,
        case when _until_batch_id <= {{ pinned_batch() }} then _until_batch_id end
            as until_batch_id,
        _loaded_at
    from source

)

select * from renamed
