{#- md5 of the columns as text, joined by `-`, with a marker in place of null. -#}
{% macro generate_surrogate_key(field_list) -%}
    {%- set parts = [] -%}
    {%- for field in field_list -%}
        {%- do parts.append(
            "coalesce(cast(" ~ field ~ " as " ~ dbt.type_string() ~ "), '_dbt_utils_surrogate_key_null_')"
        ) -%}
    {%- endfor -%}
    {{ dbt.hash(parts | join(" || '-' || ")) }}
{%- endmacro %}


{#- One row per period from start_date on; end_date itself is left out. Up to 100,000 periods. -#}
{% macro date_spine(datepart, start_date, end_date) %}
    with

    digits as (

        {%- for digit in range(10) %}
        select {{ digit }} as digit {{ "union all" if not loop.last }}
        {%- endfor %}

    ),

    periods as (

        select
            {{ dbt.dateadd(
                datepart,
                "ones.digit + 10 * tens.digit + 100 * hundreds.digit"
                ~ " + 1000 * thousands.digit + 10000 * ten_thousands.digit",
                start_date
            ) }} as date_{{ datepart }}
        from digits as ones
        cross join digits as tens
        cross join digits as hundreds
        cross join digits as thousands
        cross join digits as ten_thousands

    )

    select date_{{ datepart }}
    from periods
    where date_{{ datepart }} < {{ end_date }}
{% endmacro %}
