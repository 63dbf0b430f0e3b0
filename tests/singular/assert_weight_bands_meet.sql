-- Each weight is in one band: bands begin where the one before them ends, the first at nothing, and
-- only the last is open. A gap would make products unknown, an overlap would double them.
with

weight_bands as (

    select
        weight_band,
        above_g,
        up_to_g,
        lag(up_to_g) over (order by above_g) as previous_up_to_g,
        lead(above_g) over (order by above_g) as next_above_g
    from {{ ref('weight_bands') }}

)

select *
from weight_bands
where
    above_g <> coalesce(previous_up_to_g, 0)
    or up_to_g is distinct from next_above_g
