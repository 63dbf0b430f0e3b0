-- A new schema with the seeds of the project; psql runs in the project's folder.
set client_min_messages = warning;
drop schema if exists plain cascade;
create schema plain;
create table plain.states (state_code text, state_name text, region text);
create table plain.holidays (holiday_on date, holiday_name text, holiday_name_portuguese text);
create table plain.weight_bands (weight_band text, above_g integer, up_to_g integer);
create table plain.payment_types (payment_type text, payment_type_name text);
\copy plain.states from 'seeds/states.csv' with (format csv, header match)
\copy plain.holidays from 'seeds/holidays.csv' with (format csv, header match)
\copy plain.weight_bands from 'seeds/weight_bands.csv' with (format csv, header match)
\copy plain.payment_types from 'seeds/payment_types.csv' with (format csv, header match)
