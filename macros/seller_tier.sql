{#- Tier of a seller, the first that fits. Sellers with fewer than ten orders are not judged; a
    figure that is missing counts against `top` and not for `watch`. -#}
{% macro seller_tier(orders, review_score, late_percent, lost_percent) -%}
    case
        when {{ orders }} < 10
            then 'new'
        when
            {{ review_score }} < 3.5
            or {{ late_percent }} > 15
            or {{ lost_percent }} > 5
            then 'watch'
        when
            {{ review_score }} >= 4.2
            and {{ late_percent }} <= 5
            and {{ lost_percent }} <= 1
            then 'top'
        else 'good'
    end
{%- endmacro %}
