{{ config(
    incremental_predicates=["{{ changed_rows_only('operations', 'marketing_campaigns', 'campaign_id') }}"],
    indexes=[{'columns': ['campaign_id']}],
) }}

with

source as (

    select * from {{ source('operations', 'marketing_campaigns') }}
    where
        {{ is_pinned() }}
        and {{ changed_rows_only('operations', 'marketing_campaigns', 'campaign_id') }}

),

renamed as (

    select
        ---------- ids; the key is of the text, so a day that cannot be cast has one too
        {{ dbt_utils.generate_surrogate_key(['campaign_id', 'campaign_date']) }}
            as campaign_day_key,
        campaign_id,

        ---------- strings
        {{ trimmed('campaign_name') }} as campaign_name,
        {{ trimmed('channel') }} as channel,

        ---------- numerics
        {{ try_cast('impressions', 'bigint') }} as impressions,
        {{ try_cast('clicks', 'bigint') }} as clicks,
        {{ try_cast('cost', 'numeric(12, 2)') }} as cost,
        {{ try_cast('attributed_orders', 'bigint') }} as attributed_orders,
        {{ try_cast('attributed_revenue', 'numeric(12, 2)') }} as attributed_revenue,

        ---------- dates
        cast({{ try_cast('campaign_date', 'timestamp') }} as date) as campaign_on,

        ---------- audit
        _batch_id,
        _loaded_at
    from source

)

select * from renamed
