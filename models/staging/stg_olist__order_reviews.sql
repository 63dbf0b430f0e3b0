with

source as (

    select * from {{ source('olist', 'order_reviews') }}

),

renamed as (

    select
        ---------- ids
        review_id,
        order_id,

        ---------- strings
        {{ trimmed('review_comment_title') }} as comment_title,
        {{ trimmed('review_comment_message') }} as comment_message,

        ---------- numerics
        cast({{ trimmed('review_score') }} as integer) as review_score,

        ---------- timestamps
        cast({{ trimmed('review_creation_date') }} as timestamp) as created_at,
        cast({{ trimmed('review_answer_timestamp') }} as timestamp) as answered_at,

        ---------- audit
        _batch_id,
        _loaded_at
    from source
    where _deleted_at is null

)

select * from renamed
