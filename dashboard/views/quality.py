"""Quality: how fresh the figures are, what was landed, what tests say, and what tables hold."""

import streamlit as st

from dashboard.cards import bars, card
from dashboard.data import View
from dashboard.text import text_of

FIGURES = ("built_at", "newest_order_at", "tests_passed", "tests_warned", "tests_failed")


def draw(view: View) -> None:
    """Draw the page."""
    for place, name in zip(st.columns(len(FIGURES)), FIGURES, strict=True):
        place.markdown(f"{name.replace('_', ' ').capitalize()}  \n**{text_of(view.newest[name])}**")
    behind = view.newest["batches_behind"]
    waiting = "batch waits" if behind == 1 else "batches wait"
    loads = view.report(
        "rpt_loads",
        "batch_id, table_name, status, mode, started_at, rows_read, rows_new, rows_changed,"
        " rows_removed, rows_rejected, seconds, error",
        "order by batch_id desc, table_name limit 100",
    )
    card(
        f"Loads: {text_of(behind)} landed {waiting} for a build",
        "The newest first: a row for each file of a batch, and one for a load that failed.",
        loads,
    )
    tests = view.report(
        "rpt_test_results",
        "test_name, status, failures, failing_since, ran_at",
        "order by status in ('pass', 'skipped'), failures desc nulls last, test_name",
    )
    broken = [one for one in tests["status"] if one not in {"pass", "skipped"}]
    card(
        f"Data tests: {len(broken)} of {len(tests)} do not pass",
        "Those first, with the number of failing rows and since when they fail.",
        tests,
    )
    card(
        "Invalid values: what could not be read as its type",
        "They are null in the marts, and kept as they are in audit.invalid_values.",
        view.report(
            "rpt_invalid_values",
            "source_column, expected_type, invalid_values, example_value, newest_batch_id",
            "order by invalid_values desc, source_column",
        ),
    )
    sizes = view.report(
        "rpt_table_sizes",
        "schema_name || '.' || table_name as relation, total_bytes / 1e6 as megabytes,"
        " estimated_rows",
        "order by total_bytes desc, 1 limit 20",
    )
    card(
        "Tables: where the bytes are",
        "The twenty largest, with their indexes, in megabytes.",
        sizes,
        bars("relation", "megabytes"),
    )
