{#- Average of a measure over the rows of a group, exact; null where all of it is.

    measure: a number; type: numeric(p, s) of the result; scale: digits of the measure after
    the point -#}
{% macro average(measure, type, scale=0) -%}
    {{ quotient("sum(" ~ measure ~ ")", "nullif(1.0 * count(" ~ measure ~ "), 0)", type, scale) }}
{%- endmacro %}


{#- One number as a fraction of another, exact; null where the other is null or 0.

    part, whole: numbers; type: numeric(p, s) of the result, which a whole near
    nothing (refunds) needs wide; scale: digits of both after the point, 2 for money -#}
{% macro share(part, whole, type="numeric(5, 4)", scale=0) -%}
    {%- set unit = 10 ** scale -%}
    {%- set wide = "cast(" ~ part ~ " as numeric(38, " ~ scale ~ "))" -%}
    {{ quotient(unit ~ " * " ~ wide, "nullif(" ~ unit ~ ".0 * (" ~ whole ~ "), 0)", type) }}
{%- endmacro %}


{#- The same in percent. -#}
{% macro percent(part, whole, type, scale=0) -%}
    {{ share("100 * (" ~ part ~ ")", whole, type, scale) }}
{%- endmacro %}


{#- The middle of a measure, exact: the mean of the lower and the upper middle value.
    (percentile_cont is floating point, which engines round otherwise.) -#}
{% macro median(measure, type, scale=0) -%}
    {%- set middle = "percentile_disc(0.5) within group (order by " ~ measure -%}
    {{ quotient("(" ~ middle ~ " asc) + " ~ middle ~ " desc))", "2.0", type, scale) }}
{%- endmacro %}
