-- The foreign keys that the marts have when a dbt run ends.

alter table plain.dim_customers add foreign key (geography_key) references plain.dim_geographies (geography_key);
alter table plain.dim_sellers add foreign key (geography_key) references plain.dim_geographies (geography_key);
alter table plain.fct_order_items add foreign key (customer_geography_key) references plain.dim_geographies (geography_key);
alter table plain.fct_order_items add foreign key (customer_key) references plain.dim_customers (customer_key);
alter table plain.fct_order_items add foreign key (delivered_date_key) references plain.dim_dates (date_key);
alter table plain.fct_order_items add foreign key (product_key) references plain.dim_products (product_key);
alter table plain.fct_order_items add foreign key (purchased_date_key) references plain.dim_dates (date_key);
alter table plain.fct_order_items add foreign key (seller_geography_key) references plain.dim_geographies (geography_key);
alter table plain.fct_order_items add foreign key (seller_key) references plain.dim_sellers (seller_key);
alter table plain.fct_order_items add foreign key (shipping_limit_date_key) references plain.dim_dates (date_key);
alter table plain.fct_orders add foreign key (approved_date_key) references plain.dim_dates (date_key);
alter table plain.fct_orders add foreign key (customer_geography_key) references plain.dim_geographies (geography_key);
alter table plain.fct_orders add foreign key (customer_key) references plain.dim_customers (customer_key);
alter table plain.fct_orders add foreign key (delivered_date_key) references plain.dim_dates (date_key);
alter table plain.fct_orders add foreign key (estimated_delivery_date_key) references plain.dim_dates (date_key);
alter table plain.fct_orders add foreign key (purchased_date_key) references plain.dim_dates (date_key);
alter table plain.fct_orders add foreign key (shipped_date_key) references plain.dim_dates (date_key);
alter table plain.fct_payments add foreign key (customer_geography_key) references plain.dim_geographies (geography_key);
alter table plain.fct_payments add foreign key (customer_key) references plain.dim_customers (customer_key);
alter table plain.fct_payments add foreign key (payment_type_key) references plain.dim_payment_types (payment_type_key);
alter table plain.fct_payments add foreign key (purchased_date_key) references plain.dim_dates (date_key);
alter table plain.fct_reviews add foreign key (answered_date_key) references plain.dim_dates (date_key);
alter table plain.fct_reviews add foreign key (created_date_key) references plain.dim_dates (date_key);
alter table plain.fct_reviews add foreign key (customer_geography_key) references plain.dim_geographies (geography_key);
alter table plain.fct_reviews add foreign key (customer_key) references plain.dim_customers (customer_key);
