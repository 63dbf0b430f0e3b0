with

lines as (

    select
        order_items.price::numeric(12, 2) as price,
        order_items.freight_value::numeric(12, 2) as freight_value,
        products.product_weight_g::integer as weight_g
    from raw.order_items
    left join raw.products
        on order_items.product_id = products.product_id and products._until_batch_id is null
    where order_items._until_batch_id is null

)

select
    case
        when weight_g > 30000 then 'over 30 kg'
        when weight_g > 20000 then '20 kg to 30 kg'
        when weight_g > 10000 then '10 kg to 20 kg'
        when weight_g > 5000 then '5 kg to 10 kg'
        when weight_g > 2000 then '2 kg to 5 kg'
        when weight_g > 1000 then '1 kg to 2 kg'
        when weight_g > 500 then '500 g to 1 kg'
        when weight_g > 0 then 'up to 500 g'
        else 'unknown'
    end as weight_band,
    count(*) as line_count,
    round(avg(price), 2) as average_price,
    round(avg(freight_value), 2) as average_freight,
    round(sum(freight_value) / nullif(sum(price) + sum(freight_value), 0), 3) as freight_share
from lines
group by 1
order by min(weight_g) filter (where weight_g > 0) nulls last
