{{ config(
    indexes=[
        {'columns': ['product_id']},
    ],
) }}

with

inventory_transactions as (

    select
        product_id,
        seller_id,
        quantity,
        cast(transaction_at as date) as moved_on
    from {{ ref('fct_inventory_transactions') }}
    where transaction_at is not null

),

-- The report is as of the last day on which any stock moved, and not of the clock.
last_day as (

    select max(moved_on) as as_of_on
    from inventory_transactions

),

moves_summed_by_day as (

    select
        product_id,
        seller_id,
        moved_on,
        coalesce(sum(quantity), 0) as moved_quantity
    from inventory_transactions
    group by product_id, seller_id, moved_on

),

levels_at_end_of_day as (

    select
        product_id,
        seller_id,
        moved_on,
        sum(moved_quantity) over (
            partition by product_id, seller_id
            order by moved_on
            rows between unbounded preceding and current row
        ) as on_hand_quantity,
        lead(moved_on) over (
            partition by product_id, seller_id
            order by moved_on
        ) as next_moved_on
    from moves_summed_by_day

),

levels_until_the_next as (

    select
        levels_at_end_of_day.*,
        cast({{ dbt.dateadd('day', -364, 'last_day.as_of_on') }} as date) as year_begins_on,
        case
            when levels_at_end_of_day.next_moved_on is null then last_day.as_of_on
            else cast({{ dbt.dateadd('day', -1, 'levels_at_end_of_day.next_moved_on') }} as date)
        end as until_on
    from levels_at_end_of_day
    cross join last_day

),

final as (

    select
        ---------- primary key
        {{ dbt_utils.generate_surrogate_key(['product_id', 'seller_id', 'moved_on']) }}
            as inventory_level_key,

        ---------- grain
        product_id,
        seller_id,
        moved_on as from_on,
        until_on,

        ---------- measures
        cast({{ dbt.datediff('moved_on', 'until_on', 'day') }} + 1 as bigint) as days,
        cast(greatest(
            {{ dbt.datediff('greatest(moved_on, year_begins_on)', 'until_on', 'day') }} + 1, 0
        ) as bigint) as days_365d,
        cast(on_hand_quantity as bigint) as on_hand_quantity,
        on_hand_quantity <= 0 as is_stocked_out,
        next_moved_on is null as is_current
    from levels_until_the_next

)

select * from final
