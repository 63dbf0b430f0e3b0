"""How the warehouse is doing, from schema ``reports``: ``olist quality``, and its page."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from loaders import connection
from loaders.dbt import ENGINES, schema_of, target_of
from loaders.errors import NOTHING_BUILT, LoaderError
from loaders.land import Counts, ledger

Row = dict[str, Any]
_LOADS, _SIZES = 30, 30  # rows that are shown

_REPORTS = {
    "freshness": ("rpt_freshness", ""),
    "tests": (
        "rpt_test_results",
        "order by array_position('{fail,error,warn,skipped,pass}'::text[], status),"
        " failing_since, test_name",
    ),
    "invalid_values": ("rpt_invalid_values", "order by invalid_values desc, source_column"),
    "loads": ("rpt_loads", f"order by batch_id desc, table_name limit {_LOADS}"),
    "sizes": ("rpt_table_sizes", f"order by total_bytes desc limit {_SIZES}"),
}


def read(cursor: Cursor) -> dict[str, list[Row] | None]:
    """The rows of each report, the most urgent ones first; moments are texts in ISO form.

    A report is None where it was not built yet. Raises LoaderError where none was, or the user may
    not read them.
    """
    if target_of() in ENGINES:
        raise LoaderError(f"Test results are kept on PostgreSQL only, not on {target_of()}.")
    found = {name: _rows(cursor, *report) for name, report in _REPORTS.items()}
    if found["tests"] is None:
        raise LoaderError(NOTHING_BUILT)
    return found


def freshness(cursor: Cursor) -> Row | None:
    """The row of rpt_freshness; None where nothing has been built, or the user may not read it."""
    return next(iter(_rows(cursor, *_REPORTS["freshness"]) or ()), None)


def _rows(cursor: Cursor, report: str, order: str) -> list[Row] | None:
    schema = schema_of("reports")
    cursor.execute(
        "select from pg_class join pg_namespace on pg_namespace.oid = relnamespace"
        " where nspname = %s and relname = %s"
        " and has_schema_privilege(pg_namespace.oid, 'usage')"
        " and has_table_privilege(pg_class.oid, 'select')",
        (schema, report),
    )
    if not cursor.rowcount:
        return None
    rows = sql.SQL("select to_jsonb(report) from (select * from {} {}) as report")
    cursor.execute(rows.format(sql.Identifier(schema, report), sql.SQL(order)))
    return [row for (row,) in cursor.fetchall()]


def sentences(fresh: Mapping[str, Any] | None) -> list[str]:
    """What the row of rpt_freshness says, in two lines."""
    if fresh is None:
        return [
            f"{schema_of('reports')}.rpt_freshness is not there, or not for this user: nothing"
            " has been built in this target, only a part of it, or raw was dropped since; run 'dbt"
            " build'."
        ]
    if fresh["built_at"] is None:
        return ["The facts have not all been built in this target: run 'dbt build'."]
    counts = ", ".join(
        f"{fresh[f'tests_{kind}']} {kind}" for kind in ("passed", "warned", "failed", "skipped")
    )
    counts += " (what they test could not be built)" if fresh["tests_skipped"] else ""
    behind = fresh["batches_behind"]
    has = f"batch {fresh['built_batch_id']}" if fresh["built_batch_id"] else "no batch"
    ahead = f"raw is {behind} {'batch' if behind == 1 else 'batches'} ahead"
    return [
        f"Last dbt build: {moment(fresh['built_at'])}; tests: {counts}.",
        f"Facts: {has}; {ahead if behind else 'raw is not ahead'}.",
    ]


def moment(text: str | None) -> str:
    """A moment in ISO form as people read it, to the minute."""
    return (text or "")[:16].replace("T", " ")


def show(page: Path | None = None) -> None:
    """Print all of it, what needs attention first; write it as a page, too, where one is named.

    Raises LoaderError where nothing has been built, or the page cannot be written.
    """
    with connection.connect() as link, link.cursor() as cursor:
        found = read(cursor)
    if page is not None:
        try:
            page.write_text(html(found), "utf-8")
        except OSError as error:
            raise LoaderError(f"{page} cannot be written: {error.strerror}.") from None
        print(f"Wrote {page}.")
        return
    for sentence in sentences(next(iter(found["freshness"] or ()), None)):
        print(sentence)
    _section("Tests that warn or fail", _tests(found["tests"]))
    _section("Values that could not be cast", _invalid_values(found["invalid_values"]))
    _section("Last loads", _loads(found["loads"]))


def _section(title: str, lines: Sequence[str] | None) -> None:
    print(f"\n{title}" if lines else f"\n{title}: {'not known yet' if lines is None else 'none'}")
    for line in lines or ():
        print(f"  {line}")


def is_broken(test: Mapping[str, Any]) -> bool:
    """Whether a test has warned or failed, and not only been skipped."""
    return test["status"] in {"warn", "fail", "error"}


def _tests(tests: Sequence[Row] | None) -> list[str]:
    lines = []
    for test in filter(is_broken, tests or ()):
        if test["status"] == "error":
            lines.append(f"error  {test['test_name']}, since {moment(test['failing_since'])}:")
            lines += [f"       {line}" for line in (test["message"] or "").splitlines()]
        else:
            rows = "1 row" if test["failures"] == 1 else f"{test['failures']:,} rows"
            lines.append(
                f"{test['status']:<5}  {test['test_name']}, since {moment(test['failing_since'])}:"
                f" {rows} in {test['failed_rows_table']}"
            )
    return lines


def _invalid_values(values: Sequence[Row] | None) -> list[str] | None:
    if values is None:
        return None
    return [
        f"{value['source_column']}: {value['invalid_values']:,} not of type"
        f" {value['expected_type']}, such as {value['example_value']!r}"
        for value in values
    ]


def _loads(loads: Sequence[Row] | None) -> list[str]:
    lines = []
    for load in loads or ():
        counts = Counts(*(load[f"rows_{kind}"] or 0 for kind in vars(Counts())))
        of = load["table_name"] or load["source_name"]
        what = ledger.of_source(of, load["error"] or str(counts))
        began = moment(load["started_at"])
        lines.append(f"batch {load['batch_id']:>5}  {began}  {load['status']:<9}  {what}")
    return lines


def html(found: Mapping[str, Sequence[Row] | None]) -> str:
    """One page of all of it, in one file."""
    from jinja2 import Environment  # noqa: PLC0415 - the page only waits for it

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"moment": moment, "of_source": ledger.of_source}
    environment.tests["broken"] = is_broken
    template = environment.from_string(Path(__file__).with_suffix(".html").read_text("utf-8"))
    fresh = next(iter(found["freshness"] or ()), None)
    written = moment(datetime.now(UTC).isoformat())
    return template.render(found, fresh=fresh, sentences=sentences(fresh), written_at=written)
