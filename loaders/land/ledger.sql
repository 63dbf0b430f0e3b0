-- Schema raw's ledger: what was landed, when, from where and with what result.

-- The loader owns the schema and may make none, not even one that exists.
do $$ begin if to_regnamespace('raw') is null then create schema raw; end if; end $$;
comment on schema raw is 'Every version of every row that was landed, as it was delivered';

create table raw._batches (
    batch_id bigint primary key,
    source text not null,
    mode text not null,
    status text not null
    check (status in ('started', 'landed', 'unchanged', 'failed', 'crashed')),
    started_at timestamptz not null,
    finished_at timestamptz,
    loaded_at timestamptz,
    seconds numeric(12, 3),
    rows_read bigint not null default 0,
    rows_new bigint not null default 0,
    rows_changed bigint not null default 0,
    rows_removed bigint not null default 0,
    rows_rejected bigint not null default 0,
    error text,
    rules jsonb
);
comment on table raw._batches is 'One row per load, whatever became of it';
comment on column raw._batches.loaded_at is '_loaded_at of its rows; null unless it landed';
comment on column raw._batches.rules is 'What the user allowed the load; a replay repeats it so';

create table raw._files (
    batch_id bigint not null references raw._batches deferrable initially deferred,
    table_name text not null,
    file_name text not null,
    checksum text not null,
    archive_checksum text,
    bytes bigint not null,
    mode text not null,
    encoding text not null,
    status text not null check (status in ('landed', 'unchanged')),
    rows_read bigint not null default 0,
    rows_new bigint not null default 0,
    rows_changed bigint not null default 0,
    rows_removed bigint not null default 0,
    rows_rejected bigint not null default 0,
    seconds numeric(12, 3) not null,
    primary key (batch_id, table_name)
);
create index _files_table_name_idx on raw._files (table_name, batch_id);
comment on table raw._files is 'One row per file of a load';
comment on column raw._files.checksum is 'SHA-256 of its content';
comment on column raw._files.archive_checksum is
'SHA-256 of the zip that it was in; null where it was in none';

create table raw._rejected_rows (
    batch_id bigint not null references raw._batches deferrable initially deferred,
    table_name text not null,
    file_name text not null,
    partition integer,
    line_number bigint not null,
    reason text not null,
    raw_text text not null
);
create index _rejected_rows_batch_id_idx on raw._rejected_rows (batch_id, table_name);
comment on table raw._rejected_rows is 'One row per record of a file or a topic that could not be landed';
comment on column raw._rejected_rows.partition is
'Of a topic, whose events have offsets in the place of line numbers; null for a file';
comment on column raw._rejected_rows.raw_text is 'The record; bytes that are no text as \x..';

create table raw._watermarks (
    source text not null,
    table_name text not null,
    column_name text not null,
    watermark text not null,
    read_from text not null,
    batch_id bigint not null references raw._batches deferrable initially deferred,
    noted_at timestamptz not null default now(),
    primary key (source, table_name)
);
comment on table raw._watermarks is
'One row per table of a source database: how far it was read, from where the next load reads; and per'
' part of the days of rates:// and weather://: the validator of the answer, and its last day';

create table raw._offsets (
    topic text not null,
    partition integer not null,
    next_offset bigint not null,
    cluster_id text not null,
    last_event text,
    last_event_at timestamptz,
    batch_id bigint not null references raw._batches deferrable initially deferred,
    noted_at timestamptz not null default now(),
    primary key (topic, partition)
);
comment on table raw._offsets is
'One row per partition of an event stream: the first event that was not landed yet';
comment on column raw._offsets.last_event is
'MD5 of the event before it, by which a topic that was made anew is noticed';
