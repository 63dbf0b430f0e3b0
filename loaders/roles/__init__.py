"""Three roles that may do no more than they have to (``olist roles``, docs/roles.md).

The loader writes schema ``raw``; the transformer reads it and owns what dbt makes; the reader reads
``marts`` and ``reports``. Rights of the reader on tables come from dbt (``+grants``).
"""

from psycopg2.extensions import cursor as Cursor

from loaders.roles import access as _access
from loaders.roles import passwords
from loaders.roles.make import make
from loaders.roles.names import KINDS, names
from loaders.roles.owners import arranged, strays

Access, acting, credentials = _access.Access, _access.acting, _access.credentials
access = _access.access

__all__ = ["Access", "access", "acting", "credentials", "faults", "for_dbt", "make", "names"]


def for_dbt() -> dict[str, str] | None:
    """Variables of the embedded server for dbt."""
    return _access.for_dbt(connects=True)


def faults(cursor: Cursor) -> list[str] | None:
    """What 'olist roles' would put right in this database; None where there are no roles."""
    if not arranged(cursor):
        return None
    lacking = [kind for kind in KINDS if kind not in passwords.known()]
    return [f"the password of {names()[kind]} is not known here" for kind in lacking] + [
        f"{stray} belongs to another user than its schema" for stray in strays(cursor)
    ]
