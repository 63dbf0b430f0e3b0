-- The six dimensions. Sources are trusted here: no value is checked before it is cast.

create table plain.dim_dates as
select
    coalesce(to_char(days.date_day, 'YYYYMMDD')::integer, -1) as date_key,
    days.date_day,
    extract(isodow from days.date_day)::integer as day_of_week,
    coalesce(to_char(days.date_day, 'FMDay'), 'unknown') as day_name,
    extract(isodow from days.date_day) >= 6 as is_weekend,
    extract(week from days.date_day)::integer as week_of_year,
    extract(isoyear from days.date_day)::integer as iso_year,
    date_trunc('week', days.date_day)::date as week_starts_on,
    extract(month from days.date_day)::integer as month,
    coalesce(to_char(days.date_day, 'FMMonth'), 'unknown') as month_name,
    date_trunc('month', days.date_day)::date as month_starts_on,
    extract(quarter from days.date_day)::integer as quarter,
    extract(year from days.date_day)::integer as year,
    coalesce(to_char(days.date_day, 'YYYY-MM'), 'unknown') as year_month,
    coalesce(to_char(days.date_day, 'YYYY-"Q"Q'), 'unknown') as year_quarter,
    case when days.date_day is not null then holidays.holiday_on is not null end as is_holiday,
    case when days.date_day is null then 'unknown' else holidays.holiday_name end as holiday_name
from (
    select day::date as date_day
    from generate_series(timestamp '2016-01-01', '2020-12-31', '1 day') as day
    union all
    select null
) as days
left join plain.holidays on days.date_day = holidays.holiday_on;
alter table plain.dim_dates add primary key (date_key);

-- The address of a customer is that of the last order; removed rows have none here.
create table plain.dim_customers as
select distinct on (customers.customer_unique_id)
    md5(customers.customer_unique_id) as customer_key,
    coalesce(md5(customers.zip_code_prefix), '-1') as geography_key,
    customers.customer_unique_id,
    coalesce(customers.zip_code_prefix, 'unknown') as zip_code_prefix,
    coalesce(customers.city, 'unknown') as city,
    coalesce(customers.state_code, 'unknown') as state_code,
    coalesce(states.state_name, 'unknown') as state_name,
    min(customers.purchased_at) over same_customer as first_order_at,
    max(customers.purchased_at) over same_customer as last_order_at,
    false as is_removed
from (
    select
        customers.customer_id,
        customers.customer_unique_id,
        nullif(btrim(customers.customer_zip_code_prefix, E' \t\r\n'), '') as zip_code_prefix,
        nullif(btrim(customers.customer_city, E' \t\r\n'), '') as city,
        nullif(btrim(customers.customer_state, E' \t\r\n'), '') as state_code,
        orders.order_id,
        orders.order_purchase_timestamp::timestamp as purchased_at
    from raw.customers
    left join raw.orders
        on customers.customer_id = orders.customer_id and orders._until_batch_id is null
    where customers._until_batch_id is null and customers.customer_unique_id is not null
) as customers
left join plain.states on customers.state_code = states.state_code
window same_customer as (partition by customers.customer_unique_id)
order by
    customers.customer_unique_id,
    customers.purchased_at desc nulls last,
    customers.order_id desc,
    customers.customer_id desc;
insert into plain.dim_customers
values ('-1', '-1', 'unknown', 'unknown', 'unknown', 'unknown', 'unknown', null, null, false);
alter table plain.dim_customers add primary key (customer_key);
create index on plain.dim_customers (customer_unique_id);

create table plain.dim_sellers as
select
    coalesce(md5(seller_id), '-1') as seller_key,
    coalesce(md5(zip_code_prefix), '-1') as geography_key,
    coalesce(seller_id, 'unknown') as seller_id,
    coalesce(zip_code_prefix, 'unknown') as zip_code_prefix,
    coalesce(city, 'unknown') as city,
    coalesce(members.state_code, 'unknown') as state_code,
    coalesce(states.state_name, 'unknown') as state_name,
    false as is_removed,
    is_inferred
from (
    select
        seller_id,
        nullif(btrim(seller_zip_code_prefix, E' \t\r\n'), '') as zip_code_prefix,
        nullif(btrim(seller_city, E' \t\r\n'), '') as city,
        nullif(btrim(seller_state, E' \t\r\n'), '') as state_code,
        false as is_inferred
    from raw.sellers
    where _until_batch_id is null
    union all
    select sold.seller_id, null, null, null, true
    from (select distinct seller_id from raw.order_items where _until_batch_id is null) as sold
    left join raw.sellers on sold.seller_id = sellers.seller_id and sellers._until_batch_id is null
    where sellers.seller_id is null and sold.seller_id is not null
    union all
    select null, null, null, null, false
) as members
left join plain.states on members.state_code = states.state_code;
alter table plain.dim_sellers add primary key (seller_key);

create table plain.dim_products as
select
    coalesce(md5(members.product_id), '-1') as product_key,
    coalesce(members.product_id, 'unknown') as product_id,
    coalesce(members.category_name, 'unknown') as category_name,
    coalesce(members.category_name_portuguese, 'unknown') as category_name_portuguese,
    members.photos_count,
    members.weight_g,
    members.volume_cm3,
    coalesce(weight_bands.weight_band, 'unknown') as weight_band,
    false as is_removed,
    members.is_inferred
from (
    select
        products.product_id,
        coalesce(
            nullif(btrim(english.product_category_name_english, E' \t\r\n'), ''),
            nullif(btrim(products.product_category_name, E' \t\r\n'), '')
        ) as category_name,
        nullif(btrim(products.product_category_name, E' \t\r\n'), '') as category_name_portuguese,
        products.product_photos_qty::integer as photos_count,
        products.product_weight_g::integer as weight_g,
        products.product_length_cm::bigint * products.product_height_cm::integer
        * products.product_width_cm::integer as volume_cm3,
        false as is_inferred
    from raw.products
    left join raw.product_category_name_translation as english
        on
            nullif(btrim(products.product_category_name, E' \t\r\n'), '')
            = nullif(btrim(english.product_category_name, E' \t\r\n'), '')
            and english._until_batch_id is null
    where products._until_batch_id is null
    union all
    select sold.product_id, null, null, null, null, null, true
    from (select distinct product_id from raw.order_items where _until_batch_id is null) as sold
    left join raw.products
        on sold.product_id = products.product_id and products._until_batch_id is null
    where products.product_id is null and sold.product_id is not null
    union all
    select null, null, null, null, null, null, false
) as members
left join plain.weight_bands
    on
        members.weight_g > weight_bands.above_g
        and members.weight_g <= coalesce(weight_bands.up_to_g, members.weight_g);
alter table plain.dim_products add primary key (product_key);

create table plain.dim_payment_types as
select
    md5(payment_type) as payment_type_key,
    payment_type,
    coalesce(known.payment_type_name, payment_type) as payment_type_name,
    known.payment_type_name is null as is_inferred
from plain.payment_types as known
full join (
    select distinct nullif(btrim(payment_type, E' \t\r\n'), '') as payment_type
    from raw.order_payments
    where _until_batch_id is null and nullif(btrim(payment_type, E' \t\r\n'), '') is not null
) as used
    using (payment_type);
insert into plain.dim_payment_types values ('-1', 'unknown', 'Unknown', false);
alter table plain.dim_payment_types add primary key (payment_type_key);
