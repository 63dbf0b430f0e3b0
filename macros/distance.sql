{#- Great-circle distance between two points in km, by the haversine formula on a sphere of the
    Earth's mean radius (6371.0088 km): right to about 0.5 %. Null where a coordinate is; least()
    alone would skip it and give half the way around the Earth. -#}
{% macro great_circle_km(from_latitude, from_longitude, to_latitude, to_longitude) -%}
    case
        when
            {{ from_latitude }} + {{ from_longitude }} + {{ to_latitude }} + {{ to_longitude }}
            is not null
            then cast(2 * 6371.0088 * asin(sqrt(least(
                1,
                power(sin(radians({{ to_latitude }} - {{ from_latitude }}) / 2), 2)
                + cos(radians({{ from_latitude }})) * cos(radians({{ to_latitude }}))
                * power(sin(radians({{ to_longitude }} - {{ from_longitude }}) / 2), 2)
            ))) as numeric(8, 2))
    end
{%- endmacro %}


{#- Band of a distance: above its lower limit and not above its upper one; `unknown` for null. -#}
{% macro distance_band(km) -%}
    {%- set limits = [50, 100, 250, 500, 1000, 2000] -%}
    case
        {%- for limit in limits %}
        when {{ km }} <= {{ limit }}
            then '{{ limits[loop.index0 - 1] if not loop.first else "up" }} to {{ limit }} km'
        {%- endfor %}
        when {{ km }} > {{ limits[-1] }} then 'over {{ limits[-1] }} km'
        else 'unknown'
    end
{%- endmacro %}
