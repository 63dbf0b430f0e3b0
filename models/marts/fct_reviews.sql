{{ config(
    incremental_predicates=["{{ changed_orders_only('order_id') }}"],
    indexes=[
        {'columns': ['order_id']},
        {'columns': ['customer_key']},
        {'columns': ['created_date_key']},
    ],
) }}

with

order_reviews as (

    select
        review_key,
        review_id,
        order_id,
        comment_title,
        comment_message,
        review_score,
        created_at,
        answered_at,
        _batch_id
    from {{ ref('stg_olist__order_reviews') }}
    where {{ changed_orders_only('order_id') }}

),

orders as (

    select
        order_id,
        customer_id,
        _batch_id
    from {{ ref('stg_olist__orders') }}
    where {{ changed_orders_only('order_id') }}

),

customers as (

    select
        customer_id,
        customer_unique_id,
        zip_code_prefix,
        _batch_id
    from {{ ref('stg_olist__customers') }}
    where {{ related_rows_only('orders', 'customer_id') }}

),

reviews_ranked as (

    select
        *,
        coalesce(comment_title, comment_message) is not null as has_comment,
        row_number() over (
            partition by order_id
            order by {{ latest_review_first() }}
        ) as review_rank,
        -- which review is the latest depends on all of the order
        max(_batch_id) over (partition by order_id) as newest_batch_id
    from order_reviews

),

final as (

    select
        ---------- primary key
        reviews_ranked.review_key,

        ---------- foreign keys
        {{ dimension_key('customers.customer_unique_id') }} as customer_key,
        {{ dimension_key('customers.zip_code_prefix') }} as customer_geography_key,

        ---------- dates
        {{ date_key('reviews_ranked.created_at') }} as created_date_key,
        {{ date_key('reviews_ranked.answered_at') }} as answered_date_key,

        ---------- degenerate dimensions
        reviews_ranked.review_id,
        reviews_ranked.order_id,

        ---------- measures and flags
        reviews_ranked.review_score,
        case
            when reviews_ranked.review_score is null then 'unknown'
            when reviews_ranked.review_score >= 4 then 'positive'
            when reviews_ranked.review_score = 3 then 'neutral'
            else 'negative'
        end as sentiment,
        reviews_ranked.has_comment,
        {{ elapsed('reviews_ranked.created_at', 'reviews_ranked.answered_at', 'hour') }}
            as hours_to_answer,
        reviews_ranked.review_rank = 1 as is_latest_for_order,
        cast(reviews_ranked.has_comment as integer) as commented_reviews,
        cast(reviews_ranked.review_rank = 1 as integer) as latest_reviews,

        ---------- audit
        {{ newest_batch([
            'reviews_ranked.newest_batch_id',
            'orders._batch_id',
            'customers._batch_id',
        ]) }} as _batch_id
    from reviews_ranked
    left join orders
        on reviews_ranked.order_id = orders.order_id
    left join customers
        on orders.customer_id = customers.customer_id

)

select * from final
