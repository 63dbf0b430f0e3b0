-- No transaction, no day of a campaign and no invoice is dropped or doubled on the way from raw to
-- the reports, and no piece and no real. The sums are of staging, where a bad value is null.
with

counted as (

    select
        'inventory_transactions' as what,
        cast((
            select count(*) from {{ source('operations', 'inventory_transactions') }}
            where {{ is_pinned() }}
        ) as numeric(22, 2)) as expected,
        (select count(*) from {{ ref('fct_inventory_transactions') }}) as found

    union all

    select
        'marketing_campaigns' as what,
        (
            select count(*) from {{ source('operations', 'marketing_campaigns') }}
            where {{ is_pinned() }}
        ) as expected,
        (select count(*) from {{ ref('fct_campaign_days') }}) as found

    union all

    select
        'invoices' as what,
        (
            select count(*) from {{ source('operations', 'invoices') }}
            where {{ is_pinned() }}
        ) as expected,
        (select count(*) from {{ ref('fct_invoices') }}) as found

    union all

    select
        'invoice_total' as what,
        (select sum(total_value) from {{ ref('stg_operations__invoices') }}) as expected,
        (select sum(total_value) from {{ ref('fct_invoices') }}) as found

    union all

    select
        'quantity' as what,
        (select sum(quantity) from {{ ref('stg_operations__inventory_transactions') }}) as expected,
        (select sum(on_hand_quantity) from {{ ref('rpt_inventory_status') }}) as found

    union all

    select
        'cost' as what,
        (select sum(cost) from {{ ref('stg_operations__marketing_campaigns') }}) as expected,
        (select sum(cost) from {{ ref('rpt_campaign_performance') }}) as found

    union all

    select
        'attributed_orders' as what,
        (select sum(attributed_orders) from {{ ref('stg_operations__marketing_campaigns') }})
            as expected,
        (select sum(attributed_orders) from {{ ref('rpt_campaign_performance') }}) as found

    union all

    select
        'attributed_revenue' as what,
        (select sum(attributed_revenue) from {{ ref('stg_operations__marketing_campaigns') }})
            as expected,
        (select sum(attributed_revenue) from {{ ref('rpt_campaign_performance') }}) as found

)

select *
from counted
where coalesce(expected, 0) <> coalesce(found, 0)
