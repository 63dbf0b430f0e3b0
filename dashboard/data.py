"""What a page asks: metrics under its filters, and rows of reports; asked again if marts change."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
import streamlit as st

import metrics
from loaders.dbt import schema_of

STATE = "customer_geography__state_code"
CATEGORY = "product__category_name"
MONTH = "metric_time__month"


@st.cache_data(max_entries=2000, show_spinner=False)  # type: ignore[untyped-decorator, unused-ignore]
def _rows(newest: str, statement: str, _cursor: Any) -> pd.DataFrame:
    """What a statement gives as long as the marts are what they are."""
    columns, found = metrics.rows(_cursor, statement)
    return pd.DataFrame(found, columns=columns, dtype=object)


@dataclass
class View:
    """One look at a page: what the marts were built from, and the filters in force."""

    cursor: Any
    newest: dict[str, Any]
    months: list[pd.Period] = field(default_factory=list)
    states: Sequence[str] = ()
    categories: Sequence[str] = ()

    def metrics(
        self,
        *names: str,
        by: Sequence[str] = (),
        order: Sequence[str] = (),
        limit: int | None = None,
        before: bool = False,
        everything: bool = False,
    ) -> pd.DataFrame:
        """Metrics by dimensions, in the chosen months (or as many ``before``) and places.

        ``everything`` asks without filters, as reports do.
        """
        where = [] if everything or not self.states else [metrics.among(STATE, self.states)]
        if CATEGORY in by and self.categories:
            where.append(metrics.among(CATEGORY, self.categories))
        months = [month - len(self.months) * before for month in self.months]
        days = (months[0].start_time, months[-1].end_time) if months and not everything else ()
        start, end = (str(day.date()) for day in days) if days else (None, None)
        period = {"start": start, "end": end, "order": tuple(order), "limit": limit}
        return self._ask(metrics.sql(names, tuple(by), where=tuple(where), **period))

    def report(self, name: str, columns: str = "*", rest: str = "") -> pd.DataFrame:
        """Rows of a report, which know no filter; ``rest`` is what follows its name."""
        return self._ask(f"select {columns} from {schema_of('reports')}.{name} {rest}")  # noqa: S608

    def has(self, name: str) -> bool:
        """Whether there is such a report: those of optional tables may not be there."""
        where = f"to_regclass('{schema_of('reports')}.{name}')"
        return bool(self._ask(f"select {where} is not null as is_there")["is_there"].iloc[0])

    def _ask(self, statement: str) -> pd.DataFrame:
        found: pd.DataFrame = _rows(str(self.newest), statement, self.cursor)
        return found
