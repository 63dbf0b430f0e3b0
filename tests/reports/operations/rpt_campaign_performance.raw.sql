select
    md5(concat(channel, '-', month)) as campaign_performance_key,
    channel,
    month as year_month,
    (
        select count(*) from (
            select distinct campaign_id from raw.marketing_campaigns as days
            where days._until_batch_id is null
                and coalesce(nullif(trim(days.channel), ''), 'unknown') = months.channel
                and left(days.campaign_date, 7) = months.month
        ) as campaigns
    ) as campaign_count,
    impressions,
    clicks,
    cost,
    orders as attributed_orders,
    revenue as attributed_revenue,
    case when impressions > 0 then round(clicks * 100::numeric / impressions, 2) end
        as click_through_rate_percent,
    case when clicks > 0 then round(orders * 100::numeric / clicks, 2) end
        as conversion_rate_percent,
    case when clicks > 0 then round(cost / clicks, 2) end as cost_per_click,
    case when orders > 0 then round(cost / orders, 2) end as cost_per_acquisition,
    case when cost > 0 then round(revenue / cost, 2) end as return_on_ad_spend,
    case when cost > 0 then round(100 * revenue / cost - 100, 2) end
        as return_on_investment_percent
from (
    select
        coalesce(nullif(trim(channel), ''), 'unknown') as channel,
        left(campaign_date, 7) as month,
        sum(impressions::bigint)::bigint as impressions,
        sum(clicks::bigint)::bigint as clicks,
        sum(cost::numeric)::numeric(18, 2) as cost,
        sum(attributed_orders::bigint)::bigint as orders,
        sum(attributed_revenue::numeric)::numeric(18, 2) as revenue
    from raw.marketing_campaigns
    where _until_batch_id is null
    group by 1, 2
) as months
