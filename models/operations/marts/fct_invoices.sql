{{ config(
    incremental_predicates=["{{ changed_rows_only('operations', 'invoices', 'invoice_id') }}"],
    indexes=[
        {'columns': ['invoiced_at']},
        {'columns': ['order_id']},
    ],
) }}

with

invoices as (

    select * from {{ ref('stg_operations__invoices') }}
    where {{ changed_rows_only('operations', 'invoices', 'invoice_id') }}

),

final as (

    select
        ---------- primary key
        invoice_id,

        ---------- foreign keys
        {{ dimension_key('seller_id') }} as seller_key,
        {{ dimension_key('payment_type') }} as payment_type_key,

        ---------- dates
        {{ date_key('invoiced_at') }} as invoiced_date_key,

        ---------- degenerate dimensions; places as they were when it was issued
        order_id,
        customer_id,
        coalesce(invoice_status, 'unknown') as invoice_status,
        coalesce(category_name_portuguese, 'unknown') as category_name_portuguese,
        customer_city,
        customer_state_code,
        seller_city,
        seller_state_code,
        source_system,
        invoiced_at,

        ---------- measures
        price,
        freight_value,
        total_value,
        installments,

        ---------- audit
        _batch_id
    from invoices

)

select * from final
