-- Snowflake for this project: a warehouse that stops by itself, a monthly limit, one database, and three roles
-- with no right that their work does not need (docs/snowflake.md). Run once, as ACCOUNTADMIN; again at will.
-- Put the public keys in, without their first and last line.

use role accountadmin;

---------- cost: credits stop at the limit, the warehouse a minute after its last query

create resource monitor if not exists olist with
    credit_quota = 20
    frequency = monthly
    start_timestamp = immediately
    triggers
        on 75 percent do notify
        on 100 percent do suspend
        on 110 percent do suspend_immediate;

create warehouse if not exists olist
    warehouse_size = xsmall
    auto_suspend = 60
    auto_resume = true
    initially_suspended = true
    statement_timeout_in_seconds = 1800
    resource_monitor = olist;

---------- schemas: nobody but the owner of a schema grants rights on what is in it

create database if not exists olist data_retention_time_in_days = 1;
create schema if not exists olist.raw with managed access;
create schema if not exists olist.seeds with managed access;
create schema if not exists olist.staging with managed access;
create schema if not exists olist.intermediate with managed access;
create schema if not exists olist.marts with managed access;
create schema if not exists olist.reports with managed access;
create schema if not exists olist.audit with managed access;

---------- roles

create role if not exists olist_loader comment = 'copies the lake into raw';
create role if not exists olist_transformer comment = 'reads raw, builds everything else';
create role if not exists olist_reader comment = 'reads marts and reports';
grant role olist_loader to role sysadmin;
grant role olist_transformer to role sysadmin;
grant role olist_reader to role sysadmin;

grant usage on warehouse olist to role olist_loader;
grant usage on warehouse olist to role olist_transformer;
grant usage on warehouse olist to role olist_reader;
grant usage on database olist to role olist_loader;
grant usage on database olist to role olist_transformer;
grant usage on database olist to role olist_reader;

---------- the loader: its own stages, tables and views in raw

grant usage, create stage, create table, create view on schema olist.raw to role olist_loader;

---------- the transformer: reads the views of raw, and owns what it builds

grant usage on schema olist.raw to role olist_transformer;
grant select on future views in schema olist.raw to role olist_transformer;
grant select on all views in schema olist.raw to role olist_transformer;
grant usage, create table, create view on schema olist.seeds to role olist_transformer;
grant usage, create table, create view on schema olist.staging to role olist_transformer;
grant usage, create table, create view on schema olist.intermediate to role olist_transformer;
grant usage, create table, create view on schema olist.marts to role olist_transformer;
grant usage, create table, create view on schema olist.reports to role olist_transformer;
grant usage, create table, create view on schema olist.audit to role olist_transformer;

---------- the reader: also of tables that are built anew

grant usage on schema olist.marts to role olist_reader;
grant usage on schema olist.reports to role olist_reader;
grant select on future tables in schema olist.marts to role olist_reader;
grant select on future tables in schema olist.reports to role olist_reader;
grant select on all tables in schema olist.marts to role olist_reader;
grant select on all tables in schema olist.reports to role olist_reader;

---------- users: a key pair, no password; what a session does is not left to the account

create user if not exists olist_loader type = service
    default_role = olist_loader default_warehouse = olist rsa_public_key = '<public key>';
create user if not exists olist_transformer type = service
    default_role = olist_transformer default_warehouse = olist rsa_public_key = '<public key>';
alter user olist_loader set timezone = 'UTC';
alter user olist_transformer set
    timezone = 'UTC',
    week_start = 1,
    timestamp_type_mapping = 'TIMESTAMP_NTZ',
    timestamp_input_format = 'AUTO',
    date_output_format = 'YYYY-MM-DD';
grant role olist_loader to user olist_loader;
grant role olist_transformer to user olist_transformer;
