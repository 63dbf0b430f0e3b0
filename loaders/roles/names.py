"""What the three roles are called, and which schemas they own or read."""

import os
import re
from collections.abc import Mapping

from loaders.errors import LoaderError

LOADER, TRANSFORMER, READER = KINDS = ("loader", "transformer", "reader")

RAW = "raw"
# Every schema that the dbt project puts something in: the transformer may not make another.
BUILT = ("staging", "intermediate", "marts", "reports", "audit", "seeds", "snapshots")
READ = ("marts", "reports")

# What needs no quotes: dbt writes the names of grantees without them.
_NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")


def names(variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Name of each role in the database, by kind: ``OLIST_<KIND>_ROLE``, else ``olist_<kind>``.

    Roles belong to a whole server, so two warehouses on one may want other names for theirs.
    Raises LoaderError when one is no plain name or two are the same.
    """
    found = {kind: variables.get(variable(kind, "ROLE")) or f"olist_{kind}" for kind in KINDS}
    for kind, name in found.items():
        if not _NAME.fullmatch(name):
            raise LoaderError(
                f"{variable(kind, 'ROLE')} must be lower-case letters, digits and underscores"
                f" (not beginning with pg_), not '{name}'."
            )
    if len(set(found.values())) < len(found):
        raise LoaderError("OLIST_LOADER_ROLE, OLIST_TRANSFORMER_ROLE and OLIST_READER_ROLE differ.")
    return found


def owners() -> dict[str, str]:
    """Name of the role that owns each schema."""
    called = names()
    return {RAW: called[LOADER], **dict.fromkeys(BUILT, called[TRANSFORMER])}


def variable(kind: str, what: str) -> str:
    """Name of the environment variable that says something about a role."""
    return f"OLIST_{kind.upper()}_{what}"
