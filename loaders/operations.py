"""The optional tables (docs/operations.md): whether a warehouse has rows of them, what follows."""

import json
from collections.abc import Callable

_EXIST = """
select count(*) = 2 from information_schema.tables
where table_schema = 'raw' and table_name in ('inventory_transactions', 'marketing_campaigns')
"""
_HAVE_ROWS = """
select
    exists (select 1 from raw.inventory_transactions)
    or exists (select 1 from raw.marketing_campaigns)
"""


def have_landed(answer: Callable[[str], bool]) -> bool:
    """Whether a row of an optional table has landed; ``answer`` runs a query.

    One that was removed counts: the models have to forget it. A schema ``raw`` that an earlier
    version made has no such table before its next landing.
    """
    return answer(_EXIST) and answer(_HAVE_ROWS)


def switch_on(say: Callable[[str], None] = print) -> list[str]:
    """Arguments of dbt that switch the models of the optional tables on."""
    say("With operations: marketing or stock have landed (docs/operations.md).")
    return ["--vars", json.dumps({"with_operations": True})]
