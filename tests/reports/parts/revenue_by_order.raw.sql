-- What the lines of each order cost; an order without a line is not here.
select
    order_id,
    sum(price::numeric(12, 2)) as revenue
from raw.order_items
where _until_batch_id is null
group by order_id
