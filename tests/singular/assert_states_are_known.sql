-- A state that the seed does not have has no name and no region: the place is in no chart by
-- region. It warns, and fails past max_invalid_values, as values_are_valid does.
{{ config(
    severity='error',
    warn_if='> 0',
    error_if='> ' ~ var('max_invalid_values'),
) }}

with

given as (

    {%- for model, is_current in {
        "base_olist__customers": "until_batch_id is null",
        "base_olist__sellers": "until_batch_id is null",
        "int_geolocation_counted": "true",
    }.items() %}

    select
        '{{ model }}' as model_name,
        state_code
    from {{ ref(model) }}
    where {{ is_current }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select
    given.model_name,
    given.state_code
from given
left join {{ ref('states') }} as states
    on given.state_code = states.state_code
where
    given.state_code is not null
    and states.state_code is null
