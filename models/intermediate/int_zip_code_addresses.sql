with

customers as (

    select
        zip_code_prefix,
        city,
        state_code
    from {{ ref('stg_olist__customers') }}

),

sellers as (

    select
        zip_code_prefix,
        city,
        state_code
    from {{ ref('stg_olist__sellers') }}

),

addresses as (

    select * from customers
    union all
    select * from sellers

),

addresses_counted as (

    select
        zip_code_prefix,
        {{ without_accents('city') }} as city,
        state_code,
        count(*) as address_count
    from addresses
    where zip_code_prefix is not null
    group by
        zip_code_prefix,
        {{ without_accents('city') }},
        state_code

),

addresses_ranked as (

    select
        *,
        row_number() over (
            partition by zip_code_prefix
            order by address_count desc, city asc nulls last, state_code asc nulls last
        ) as address_rank
    from addresses_counted

),

final as (

    select
        zip_code_prefix,
        city,
        state_code
    from addresses_ranked
    where address_rank = 1

)

select * from final
