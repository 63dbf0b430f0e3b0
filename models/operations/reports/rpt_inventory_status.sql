{%- set own_days = 'nullif(days, 0)' -%}
{%- set stock = 'case when stock_days > 0 then stock_days end' -%}
{%- set supply = '1.0 * sales_days * greatest(on_hand_quantity, 0)' -%}
{%- set value = 'on_hand_quantity * received_value' -%}

with

inventory_movements as (

    select *
    from {{ ref('rpt_inventory_movements') }}

),

inventory_levels as (

    select
        product_id,
        seller_id,
        on_hand_quantity,
        days_365d
    from {{ ref('rpt_inventory_levels') }}

),

products as (

    select
        product_id,
        category_name
    from {{ ref('dim_products') }}

),

levels_summed_by_stock as (

    select
        product_id,
        seller_id,
        cast(sum(days_365d) as bigint) as days,
        -- A stock that is younger than 90 days had fewer to sell in.
        cast(nullif(least(90, sum(days_365d)), 0) as bigint) as sales_days,
        cast(sum(on_hand_quantity * days_365d) as bigint) as stock_days,
        cast(sum(case when on_hand_quantity <= 0 then days_365d else 0 end) as bigint)
            as stock_out_days
    from inventory_levels
    group by product_id, seller_id

),

movements_joined_to_levels as (

    select
        inventory_movements.*,
        coalesce(products.category_name, 'unknown') as category_name,
        coalesce(levels_summed_by_stock.days, 0) as days,
        coalesce(levels_summed_by_stock.stock_days, 0) as stock_days,
        coalesce(levels_summed_by_stock.stock_out_days, 0) as stock_out_days,
        levels_summed_by_stock.sales_days,
        coalesce(cast(ceiling(
            1.0 * inventory_movements.sold_quantity_90d
            * ({{ var('reorder_lead_days') }} + {{ var('reorder_safety_days') }})
            / levels_summed_by_stock.sales_days
        ) as bigint), 0) as reorder_point
    from inventory_movements
    left join levels_summed_by_stock
        on
            inventory_movements.product_id = levels_summed_by_stock.product_id
            and inventory_movements.seller_id = levels_summed_by_stock.seller_id
    left join products
        on inventory_movements.product_id = products.product_id

),

stocks_rated as (

    select
        *,
        on_hand_quantity <= 0 as is_stocked_out,
        -- Sales of the year: a stock that was empty for 90 days could not sell in them.
        on_hand_quantity <= reorder_point and sold_quantity_365d > 0 as needs_reorder
    from movements_joined_to_levels

),

final as (

    select
        inventory_movement_key as inventory_status_key,
        product_id,
        seller_id,
        category_name,
        as_of_on,

        ---------- stock: adds up
        on_hand_quantity,
        {{ quotient(value, 'nullif(costed_quantity, 0)', 'numeric(22, 2)', 2) }}
            as on_hand_value,
        sold_quantity_30d,
        sold_quantity_90d,
        sold_quantity_365d,
        stock_out_days as stock_out_days_365d,

        ---------- ratios: do not
        {{ quotient('1.0 * stock_days', own_days, 'numeric(18, 2)', 1) }} as average_on_hand_365d,
        {{ quotient('1.0 * sold_quantity_365d * days', stock, 'numeric(18, 2)', 1) }}
            as turnover_365d,
        {{ quotient(supply, 'nullif(sold_quantity_90d, 0)', 'numeric(18, 1)', 1) }}
            as days_of_supply,

        ---------- what to do
        reorder_point,
        is_stocked_out,
        needs_reorder,
        cast(is_stocked_out as integer) as stocked_out_stocks,
        cast(needs_reorder as integer) as stocks_to_reorder
    from stocks_rated

)

select * from final
