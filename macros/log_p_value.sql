{#- Natural logarithm of the probability that a standard normal deviate is as far from 0 as `z`, on
    either side: ln(erfc(z / sqrt(2))), by a polynomial whose relative error is below 1.3e-7 for
    every z >= 0. As a logarithm because the probability itself is below the least floating point
    number from z = 39 on. -#}
{% macro log_p_value(z) -%}
    {%- set u = "(1 / (1 + " ~ z ~ " * 0.3535533905932738))" -%}
    {%- set sum = namespace(terms="0.17087277") -%}
    {%- for coefficient in [
        -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196,
        1.00002368, -1.26551223,
    ] -%}
        {%- set sum.terms = coefficient ~ " + " ~ u ~ " * (" ~ sum.terms ~ ")" -%}
    {%- endfor -%}
    ln({{ u }}) - {{ z }} * {{ z }} / 2 + {{ sum.terms }}
{%- endmacro %}
