-- The rights of the three roles in one database: loaders/roles.py runs this in one transaction, after
-- it has made the roles. Words in braces are names. docs/roles.md says what it comes to,
-- and its test tries every line.

-- Part 1: what is not as it should be, and the statement that puts it right.

with wanted as (
    select schema_name, owner_name, to_regnamespace(schema_name) as namespace
    from unnest({schemas}, {owners}) as wanted (schema_name, owner_name)
),

-- A sequence of a column goes with its table; what belongs to an extension stays the extension's.
bound as (
    select classid, objid
    from pg_depend left join pg_class on classid = 'pg_class'::regclass and objid = pg_class.oid
    where deptype = 'e' or relkind = 'S' and deptype in ('a', 'i')
)

select
    format('%s may do more than it has to', rolname),
    format('alter role %I login nosuperuser nocreatedb nocreaterole noreplication nobypassrls', rolname)
from pg_roles
where
    rolname = any({roles})
    and (not rolcanlogin or rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls)
union all
select
    format('schema %s belongs to %s', nspname, pg_get_userbyid(nspowner)),
    format('alter schema %I owner to %I', nspname, owner_name)
from pg_namespace inner join wanted on nspname = schema_name
where pg_get_userbyid(nspowner) <> owner_name
union all
select
    format('%s belongs to %s', pg_class.oid::regclass, pg_get_userbyid(relowner)),
    format('alter table %s owner to %I', pg_class.oid::regclass, owner_name)
from pg_class inner join wanted on relnamespace = namespace
where
    relkind in ('r', 'p', 'v', 'm', 'f', 'S') and pg_get_userbyid(relowner) <> owner_name
    and ('pg_class'::regclass, pg_class.oid) not in (table bound)
union all
select
    format('%s belongs to %s', pg_proc.oid::regprocedure, pg_get_userbyid(proowner)),
    format('alter routine %s owner to %I', pg_proc.oid::regprocedure, owner_name)
from pg_proc inner join wanted on pronamespace = namespace
where
    pg_get_userbyid(proowner) <> owner_name
    and ('pg_proc'::regclass, pg_proc.oid) not in (table bound)
union all
select
    format('%s is a member of %s', member::regrole, roleid::regrole),
    format('revoke %s from %s', roleid::regrole, member::regrole)
from pg_auth_members
where pg_get_userbyid(member) = any({roles})
union all
select
    format('%s has settings for database %s', setrole::regrole, datname),
    format('alter role %s in database %I reset all', setrole::regrole, datname)
from pg_db_role_setting inner join pg_database on pg_database.oid = setdatabase
where pg_get_userbyid(setrole) = any({roles})
union all
select
    format('%s has %s, where olist roles sets %s', ({roles})[3], found, coalesce(made, 'nothing')),
    format('alter role %I reset %I', ({roles})[3], name)
from (
    select
        name,
        coalesce(name || '=' || settings.value, 'no ' || name) as found,
        name || '=' || limits.value as made
    from (
        values
        ('search_path', 'marts, reports'),
        ('default_transaction_read_only', 'on'),
        ('statement_timeout', {timeout}),
        ('idle_in_transaction_session_timeout', '5min')
    ) as limits (name, value)
    full join (
        select
            split_part(setting, '=', 1) as name,
            substr(setting, strpos(setting, '=') + 1) as value
        from pg_db_role_setting cross join unnest(setconfig) as setting
        where setdatabase = 0 and setrole = (select oid from pg_roles where rolname = ({roles})[3])
    ) as settings using (name)
    where
        settings.value is distinct from limits.value
        -- others are for a superuser to set
        and name in (select pg_settings.name from pg_settings where context = 'user')
        -- olist roles --reader-timeout may have set another one
        and not (name = 'statement_timeout' and coalesce(settings.value, '0') !~ '^0+\s*[a-z]*$')
) as differing;

-- Part 2: schemas, rights and limits.

do $$
declare
    wanted record;
begin
    for wanted in select * from unnest({schemas}, {owners}) as each (schema_name, owner_name) loop
        execute format('create schema if not exists %I authorization %I', wanted.schema_name, wanted.owner_name);
    end loop;
end
$$;

comment on schema marts is 'Facts and dimensions, one row per event and member: names are contracts';
comment on schema reports is 'What is computed from marts, ready for charts: names are contracts';

revoke all on database {database} from {loader}, {transformer}, {reader};
grant connect on database {database} to {loader}, {transformer}, {reader};
grant temporary on database {database} to {loader}, {transformer};

revoke all on schema raw, {built} from public, {loader}, {transformer}, {reader};
grant usage, create on schema raw to {loader};
grant usage on schema raw to {transformer};
grant usage, create on schema {built} to {transformer};
grant usage on schema marts, reports to {reader};

-- Without references, information_schema shows a reader no foreign keys. It gives no right to write.
revoke all on all tables in schema raw from public, {transformer}, {reader};
revoke all on all tables in schema {built} from public, {loader}, {reader};
grant select on all tables in schema raw to {transformer};
grant select, references on all tables in schema marts, reports to {reader};

-- The same for tables to come, also for those that the user who runs this makes.
alter default privileges for role {loader}, current_user in schema raw
grant select on tables to {transformer};
alter default privileges for role {transformer}, current_user in schema marts, reports
grant select, references on tables to {reader};

-- Limits of the reader. It may change all but the first: they guard against accidents.
alter role {reader} connection limit 20;
alter role {reader} reset all;
alter role {reader} set search_path = marts, reports;
alter role {reader} set default_transaction_read_only = on;
alter role {reader} set statement_timeout = {timeout};
alter role {reader} set idle_in_transaction_session_timeout = '5min';

-- Who has a right that everybody has cannot lose it alone, so everybody does.
revoke create, temporary on database {database} from public;
revoke create on schema public from public;

-- Part 3: what only a superuser can do.

revoke execute on function lo_create(oid), lo_creat(integer), lo_from_bytea(oid, bytea) from public;
alter role {reader} set temp_file_limit = '2GB';

-- Part 4: the embedded server serves nobody else. There the roles stay out of the databases that it
-- comes with, and a reader cannot hold up a load by its advisory locks, or write to the log of changes.

do $$
declare
    routine regprocedure;
begin
    if current_setting('cluster_name') <> 'olist' then
        return;
    end if;
    revoke connect, temporary on database postgres, template1 from public;
    for routine in
        select oid from pg_proc where proname ~ '^pg_(try_)?advisory_|^pg_logical_emit_message$'
    loop
        execute format('revoke execute on function %s from public', routine);
        execute format('grant execute on function %s to {loader}, {transformer}', routine);
    end loop;
end
$$;
