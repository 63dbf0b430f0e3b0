with

campaign_days as (

    select
        campaign_id,
        channel,
        campaign_date_key,
        impressions,
        clicks,
        cost,
        attributed_orders,
        attributed_revenue
    from {{ ref('fct_campaign_days') }}

),

dates as (

    select
        date_key,
        year_month
    from {{ ref('dim_dates') }}

),

days_summed_by_month as (

    select
        campaign_days.channel,
        cast(coalesce(sum(campaign_days.impressions), 0) as bigint) as impressions,
        cast(coalesce(sum(campaign_days.clicks), 0) as bigint) as clicks,
        cast(coalesce(sum(campaign_days.cost), 0) as numeric(12, 2)) as cost,
        cast(coalesce(sum(campaign_days.attributed_orders), 0) as bigint) as attributed_orders,
        cast(coalesce(sum(campaign_days.attributed_revenue), 0) as numeric(12, 2))
            as attributed_revenue,
        dates.year_month,
        count(distinct campaign_days.campaign_id) as campaign_count
    from campaign_days
    inner join dates
        on campaign_days.campaign_date_key = dates.date_key
    group by campaign_days.channel, dates.year_month

),

-- Ratios of sums, never averages of ratios; what cannot be divided is null and not 0. Both sides of
-- a ratio of money are in cents, because `quotient` wants a whole divisor.
final as (

    select
        ---------- primary key
        {{ dbt_utils.generate_surrogate_key(['channel', 'year_month']) }}
            as campaign_performance_key,

        ---------- grain
        channel,
        year_month,

        ---------- measures that add up, but for the campaigns
        campaign_count,
        impressions,
        clicks,
        cost,
        attributed_orders,
        attributed_revenue,

        ---------- ratios
        {{ quotient('100.0 * clicks', 'nullif(impressions, 0)', 'numeric(18, 2)', 1) }}
            as click_through_rate_percent,
        {{ quotient('100.0 * attributed_orders', 'nullif(clicks, 0)', 'numeric(18, 2)', 1) }}
            as conversion_rate_percent,
        {{ quotient('cost', 'nullif(clicks, 0)', 'numeric(18, 2)', 2) }} as cost_per_click,
        {{ quotient('cost', 'nullif(attributed_orders, 0)', 'numeric(18, 2)', 2) }}
            as cost_per_acquisition,
        {{ quotient('100 * attributed_revenue', 'nullif(100 * cost, 0)', 'numeric(18, 2)', 2) }}
            as return_on_ad_spend,
        {{ quotient(
            '10000 * (attributed_revenue - cost)', 'nullif(100 * cost, 0)', 'numeric(18, 2)', 2
        ) }} as return_on_investment_percent
    from days_summed_by_month

)

select * from final
