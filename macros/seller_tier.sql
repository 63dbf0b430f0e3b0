{#- Tier of a seller, the first that fits. Sellers with fewer than ten orders are not judged; a
    value that is missing counts against `top` and not for `watch`. -#}
{% macro seller_tier(orders, review_score, late_share, lost_share) -%}
    case
        when {{ orders }} < 10
            then 'new'
        when
            {{ review_score }} < 3.5
            or {{ late_share }} > 0.15
            or {{ lost_share }} > 0.05
            then 'watch'
        when
            {{ review_score }} >= 4.2
            and {{ late_share }} <= 0.05
            and {{ lost_share }} <= 0.01
            then 'top'
        else 'good'
    end
{%- endmacro %}
