"""Three roles that may do no more than they have to (``olist roles``, docs/roles.md).

The loader writes schema ``raw``; the transformer reads it and owns what dbt makes; the reader reads
``marts`` and ``reports``. Rights of the reader on tables come from dbt (``+grants``).
"""

from loaders.roles.access import Access, access, acting, credentials, for_dbt
from loaders.roles.make import make
from loaders.roles.names import names

__all__ = ["Access", "access", "acting", "credentials", "for_dbt", "make", "names"]
