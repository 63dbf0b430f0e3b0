-- After a build, no live input row is newer than the fact row that was made from it: an incremental
-- run that missed a late or corrected row shows here. (A batch that only removed rows leaves none.)
{% set inputs = {
    "fct_order_items": "stg_olist__order_items",
    "fct_payments": "stg_olist__order_payments",
    "fct_reviews": "stg_olist__order_reviews",
} %}

with

newest as (

    select
        'fct_orders' as fact,
        fct_orders.order_id,
        fct_orders._batch_id as fact_batch_id,
        orders._batch_id as input_batch_id
    from {{ ref('int_orders_with_customers') }} as orders
    left join {{ ref('fct_orders') }} as fct_orders
        on orders.order_id = fct_orders.order_id
    {%- for fact, input in inputs.items() %}

    union all

    select
        '{{ fact }}' as fact,
        inputs.order_id,
        max(facts._batch_id) as fact_batch_id,
        max(inputs._batch_id) as input_batch_id
    from {{ ref(input) }} as inputs
    left join {{ ref(fact) }} as facts
        on inputs.order_id = facts.order_id
    group by inputs.order_id
    {%- endfor %}

)

select *
from newest
where fact_batch_id is null or fact_batch_id < input_batch_id
