{%- set periods = {'minute': 60, 'hour': 24, 'day': 30} -%}

with

invoices as (

    select
        invoice_id,
        seller_key,
        invoice_status,
        invoiced_at,
        price,
        freight_value,
        total_value
    from {{ ref('fct_invoices') }}
    where invoiced_at is not null

),

-- The periods end with the newest invoice, and not with the clock.
newest_invoice as (

    select max(invoiced_at) as newest_at
    from invoices

),

invoices_by_period as (

    {%- for period, count in periods.items() %}

    select
        '{{ period }}' as period,
        cast({{ dbt.date_trunc(period, 'invoices.invoiced_at') }} as timestamp) as period_starts_at,
        invoices.*
    from invoices
    inner join newest_invoice
        on
            invoices.invoiced_at >= {{ dbt.dateadd(
                period, 1 - count, dbt.date_trunc(period, 'newest_invoice.newest_at')
            ) }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

),

final as (

    select
        ---------- primary key
        {{ dbt_utils.generate_surrogate_key(['period', 'period_starts_at']) }}
            as recent_invoices_key,

        ---------- grain
        period,
        period_starts_at,

        ---------- measures
        count(case when invoice_status <> 'canceled' then 1 end) as invoice_count,
        count(case when invoice_status = 'canceled' then 1 end) as canceled_invoice_count,
        count(distinct case when invoice_status <> 'canceled' then seller_key end) as seller_count,
        cast(
            coalesce(sum(case when invoice_status <> 'canceled' then price end), 0)
            as numeric(18, 2)
        ) as price,
        cast(
            coalesce(sum(case when invoice_status <> 'canceled' then freight_value end), 0)
            as numeric(18, 2)
        ) as freight_value,
        cast(
            coalesce(sum(case when invoice_status <> 'canceled' then total_value end), 0)
            as numeric(18, 2)
        ) as total_value
    from invoices_by_period
    group by period, period_starts_at

)

select * from final
