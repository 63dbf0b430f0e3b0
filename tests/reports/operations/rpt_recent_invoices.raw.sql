with invoices as (
    select
        seller_id,
        coalesce(trim(invoice_status), '') = 'canceled' as gone,
        price::numeric(12, 2) as price,
        freight_value::numeric(12, 2) as freight,
        total_value::numeric(12, 2) as total,
        invoiced_at::timestamp as at
    from raw.invoices
    where _until_batch_id is null
),
kinds (period, span) as (
    values ('minute', interval '59 minutes'), ('hour', '23 hours'), ('day', '29 days')
)
select
    md5(period || '-' || date_trunc(period, at)) as recent_invoices_key,
    period,
    date_trunc(period, at) as period_starts_at,
    count(*) filter (where not gone) as invoice_count,
    count(*) filter (where gone) as canceled_invoice_count,
    count(distinct seller_id) filter (where not gone) as seller_count,
    coalesce(sum(price) filter (where not gone), 0)::numeric(18, 2) as price,
    coalesce(sum(freight) filter (where not gone), 0)::numeric(18, 2) as freight_value,
    coalesce(sum(total) filter (where not gone), 0)::numeric(18, 2) as total_value
from invoices
cross join kinds
where date_trunc(period, at) >= date_trunc(period, (select max(at) from invoices)) - span
group by period, date_trunc(period, at)
