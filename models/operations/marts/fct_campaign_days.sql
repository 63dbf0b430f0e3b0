{{ config(
    incremental_predicates=["{{ changed_rows_only('operations', 'marketing_campaigns', 'campaign_id') }}"],
    indexes=[
        {'columns': ['campaign_id']},
        {'columns': ['campaign_date_key']},
    ],
) }}

with

marketing_campaigns as (

    select
        campaign_day_key,
        campaign_id,
        campaign_name,
        channel,
        impressions,
        clicks,
        cost,
        attributed_orders,
        attributed_revenue,
        campaign_on,
        _batch_id
    from {{ ref('stg_operations__marketing_campaigns') }}
    where {{ changed_rows_only('operations', 'marketing_campaigns', 'campaign_id') }}

),

final as (

    select
        ---------- primary key
        campaign_day_key,

        ---------- dates
        {{ date_key('campaign_on') }} as campaign_date_key,

        ---------- degenerate dimensions
        campaign_id,
        campaign_name,
        coalesce(channel, 'unknown') as channel,
        campaign_on,

        ---------- measures
        impressions,
        clicks,
        cost,
        attributed_orders,
        attributed_revenue,

        ---------- audit
        _batch_id
    from marketing_campaigns

)

select * from final
