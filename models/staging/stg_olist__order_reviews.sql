{{ config(
    incremental_predicates=["{{ changed_rows_only('olist', 'order_reviews', 'review_id') }}"],
    indexes=[{'columns': ['order_id']}, {'columns': ['review_id']}],
) }}

with

source as (

    select * from {{ source('olist', 'order_reviews') }}
    where
        {{ is_pinned() }}
        and {{ changed_rows_only('olist', 'order_reviews', 'review_id') }}

),

renamed as (

    select
        ---------- ids
        {{ dbt_utils.generate_surrogate_key(['review_id', 'order_id']) }} as review_key,
        review_id,
        order_id,

        ---------- strings
        {{ trimmed('review_comment_title') }} as comment_title,
        {{ trimmed('review_comment_message') }} as comment_message,

        ---------- numerics
        {{ try_cast('review_score', 'integer') }} as review_score,

        ---------- timestamps
        {{ try_cast('review_creation_date', 'timestamp') }} as created_at,
        {{ try_cast('review_answer_timestamp', 'timestamp') }} as answered_at,

        ---------- audit
        _batch_id,
        _loaded_at
    from source

)

select * from renamed
