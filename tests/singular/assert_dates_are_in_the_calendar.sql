-- A date outside the calendar is on the unknown member of dim_dates: nothing breaks, but it is in
-- no chart by date. It warns, because the remedy is a setting: move calendar_starts_on or
-- calendar_ends_on in dbt_project.yml, add the holidays, and build with --full-refresh.
{{ config(severity='warn', tags='nightly') }}

with

order_items as (

    select
        items.order_id,
        items.shipping_limit_at
    from {{ ref('fct_order_items') }} as facts
    inner join {{ ref('stg_olist__order_items') }} as items
        on facts.order_item_key = items.order_item_key
    where facts.shipping_limit_date_key = -1

),

order_reviews as (

    select
        reviews.order_id,
        facts.created_date_key,
        reviews.created_at,
        facts.answered_date_key,
        reviews.answered_at
    from {{ ref('fct_reviews') }} as facts
    inner join {{ ref('stg_olist__order_reviews') }} as reviews
        on facts.review_key = reviews.review_key
    where -1 in (facts.created_date_key, facts.answered_date_key)

)

select
    'fct_orders' as fact,
    order_id
from {{ ref('fct_orders') }}
where
    (purchased_date_key = -1 and purchased_at is not null)
    or (approved_date_key = -1 and approved_at is not null)
    or (shipped_date_key = -1 and shipped_at is not null)
    or (delivered_date_key = -1 and delivered_at is not null)
    or (estimated_delivery_date_key = -1 and estimated_delivery_on is not null)

union all

select
    'fct_order_items' as fact,
    order_id
from order_items
where shipping_limit_at is not null

union all

select
    'fct_reviews' as fact,
    order_id
from order_reviews
where
    (created_date_key = -1 and created_at is not null)
    or (answered_date_key = -1 and answered_at is not null)
