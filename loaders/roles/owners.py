"""Who owns the schemas and what is in them: without ownership nothing can be replaced."""

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders.land.ledger import ensure_schema
from loaders.roles.names import owners

# Statements that give an object to the owner of its schema. A sequence of a column goes with its
# table, and what belongs to an extension stays the extension's.
_STRAYS = """
with wanted as (
    select to_regnamespace(schema_name) as namespace, owner_name
    from unnest(%(schemas)s, %(owners)s) as wanted (schema_name, owner_name)
)

select format('alter table %%s owner to %%I', pg_class.oid::regclass, owner_name)
from pg_class
inner join wanted
    on pg_class.relnamespace = wanted.namespace
where
    relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    and pg_get_userbyid(relowner) <> owner_name
    and not exists (
        select from pg_depend
        where classid = 'pg_class'::regclass and objid = pg_class.oid
            and (deptype = 'e' or relkind = 'S' and deptype in ('a', 'i'))
    )
union all
select format('alter routine %%s owner to %%I', pg_proc.oid::regprocedure, owner_name)
from pg_proc
inner join wanted
    on pg_proc.pronamespace = wanted.namespace
where
    pg_get_userbyid(proowner) <> owner_name
    and not exists (
        select from pg_depend
        where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e'
    )
"""


def hand_over(cursor: Cursor) -> None:
    """Make the schemas and the raw tables where they are missing; give all of it to its owner.

    Raises psycopg2.Error, also when a table is in use for half a minute.
    """
    cursor.execute("set local lock_timeout = '30s'")
    ensure_schema(cursor)
    for schema, owner in owners().items():
        name, role = sql.Identifier(schema), sql.Identifier(owner)
        cursor.execute(
            sql.SQL("create schema if not exists {} authorization {}").format(name, role)
        )
        cursor.execute(sql.SQL("alter schema {} owner to {}").format(name, role))
    for statement in strays(cursor):
        cursor.execute(statement)


def strays(cursor: Cursor) -> list[str]:
    """Return statements that give what another role owns in these schemas to its owner."""
    wanted = owners()
    cursor.execute(_STRAYS, {"schemas": list(wanted), "owners": list(wanted.values())})
    return [statement for (statement,) in cursor.fetchall()]


def arranged(cursor: Cursor) -> bool:
    """Whether the roles exist and own the schemas of this database."""
    cursor.execute("select nspname, pg_get_userbyid(nspowner) from pg_namespace")
    return owners().items() <= dict(cursor.fetchall()).items()
