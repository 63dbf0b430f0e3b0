with

source as (

    select * from {{ source('olist', 'product_category_name_translation') }}
    where {{ is_pinned() }}

),

renamed as (

    select
        ---------- strings
        {{ trimmed('product_category_name') }} as category_name_portuguese,
        {{ trimmed('product_category_name_english') }} as category_name_english,

        ---------- audit
        _batch_id,
        _loaded_at
    from source

),

-- Names that differ by blanks are one category: the newest translation holds.
ranked as (

    select
        *,
        row_number() over (
            partition by category_name_portuguese
            order by _batch_id desc, category_name_english is null asc, category_name_english asc
        ) as translation_rank
    from renamed
    where category_name_portuguese is not null

),

final as (

    select
        category_name_portuguese,
        category_name_english,
        _batch_id,
        _loaded_at
    from ranked
    where translation_rank = 1

)

select * from final
