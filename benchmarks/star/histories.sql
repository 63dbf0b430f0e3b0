-- The histories as a first build makes them: one version, the current one, of each member.

create table plain.dim_customers_history as
select
    md5(customer_key || '-1') as customer_version_key,
    customer_key,
    customer_unique_id,
    1 as version_number,
    zip_code_prefix,
    city,
    state_code,
    state_name,
    timestamp '1900-01-01' as valid_from,
    timestamp '9999-12-31' as valid_to,
    true as is_current,
    false as is_removed
from plain.dim_customers;
alter table plain.dim_customers_history add primary key (customer_version_key);
create index on plain.dim_customers_history (customer_key, valid_from);

create table plain.dim_sellers_history as
select
    md5(seller_key || '-1') as seller_version_key,
    seller_key,
    seller_id,
    1 as version_number,
    zip_code_prefix,
    city,
    state_code,
    state_name,
    timestamp '1900-01-01' as valid_from,
    timestamp '9999-12-31' as valid_to,
    true as is_current,
    false as is_removed
from plain.dim_sellers;
alter table plain.dim_sellers_history add primary key (seller_version_key);
create index on plain.dim_sellers_history (seller_key, valid_from);

create table plain.dim_products_history as
select
    md5(product_key || '-1') as product_version_key,
    product_key,
    product_id,
    1 as version_number,
    category_name,
    category_name_portuguese,
    photos_count,
    weight_g,
    volume_cm3,
    weight_band,
    timestamp '1900-01-01' as valid_from,
    timestamp '9999-12-31' as valid_to,
    true as is_current,
    false as is_removed
from plain.dim_products;
alter table plain.dim_products_history add primary key (product_version_key);
create index on plain.dim_products_history (product_key, valid_from);
