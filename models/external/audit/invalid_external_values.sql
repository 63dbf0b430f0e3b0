{#- Every cast of the staging models of external; tests/python/test_external.py compares. -#}
{% set tables = {
    "exchange_rates": (["date", "base", "currency"], {
        "rate": "numeric(18, 8)",
        "date": "timestamp",
    }),
    "weather": (["date", "state_code"], {
        "precipitation_mm": "numeric(8, 2)",
        "temperature_max_c": "numeric(5, 2)",
        "temperature_min_c": "numeric(5, 2)",
        "date": "timestamp",
    }),
} %}

with

final as (

    {{ invalid_values_of('external', tables) }}

)

select * from final
