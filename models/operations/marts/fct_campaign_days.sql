{{ config(
    materialized='incremental',
    incremental_strategy='append',
    unique_key='campaign_day_key',
    on_schema_change='append_new_columns',
    pre_hook="{{ delete_changed_rows('marketing_campaigns', 'campaign_id') }}",
    indexes=[
        {'columns': ['campaign_day_key'], 'unique': True},
        {'columns': ['campaign_id']},
        {'columns': ['campaign_date_key']},
        {'columns': ['_batch_id']},
    ],
) }}

with

changes as (

    select distinct changed_id
    from {{ ref('stg_operations__changes') }}
    {% if is_incremental() %}
    where {{ changed_since_last_run(['marketing_campaigns']) }}
    {% endif %}

),

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
    {% if is_incremental() %}
    where {{ is_among('campaign_id', 'select changes.changed_id from changes') }}
    {% endif %}

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
