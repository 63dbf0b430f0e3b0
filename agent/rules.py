"""Answers a question without a model: by rules that rather ask back than show a wrong figure."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from tabulate import tabulate

import metrics as layer
from agent import find as finder
from agent import tools
from agent.read import (
    CATEGORY,
    CITY,
    OF_SELLER,
    STATE,
    WORDS,
    Phrase,
    Reading,
    fitting,
    plain,
    read,
    tokens,
)
from loaders.dbt import schema_of

Json = dict[str, Any]
_FOLLOWS = ("and ", "what about ", "how about ", "now ", "only ", "e ", "so ", "instead", "mas ")


@dataclass(frozen=True)
class Reply:
    """What is said; without a call it is a question back or a refusal, and has no figures."""

    text: str
    call: Json | None = None
    result: Json | None = None


@cache
def known() -> tuple[dict[Phrase, str], date, date]:
    """Phrases for categories and cities of the warehouse; the days of its first and last order."""
    marts = schema_of("marts")
    found: dict[Phrase, str] = {}
    days, categories, cities = (
        f"select min(purchased_at), max(purchased_at) from {marts}.fct_orders",  # noqa: S608
        f"select category_name, category_name_portuguese from {marts}.dim_products"  # noqa: S608
        " group by 1, 2",
        f"select city from {marts}.dim_geographies"  # noqa: S608
        " group by 1 having count(distinct state_code) = 1",
    )
    with layer.reading() as cursor:
        ((first, last),) = layer.rows(cursor, days)[1]
        names, towns = layer.rows(cursor, categories)[1], layer.rows(cursor, cities)[1]
    for name, portuguese in names:
        for said in {name, portuguese} - {None, "unknown"}:
            for between in ("_", " ", " and ", " e "):
                found[tokens(plain(said.replace("_", between)))] = f"{CATEGORY}={name}"
    for (city,) in towns:
        for of in ("city of", "cidade de", "town of"):
            found[tokens(f"{of} {plain(city)}")] = f"{CITY}={city}"
    return found, first.date() if first else date.min, last.date() if last else date.min


def answer(question: str, last: Json | None = None) -> Reply:
    """Answer, ask back or refuse; ``last`` are the arguments of the metrics asked before."""
    values, first_day, last_day = known()
    reading = read(question, values)
    if reading.missing:
        nearest = WORDS["missing"][reading.missing]["nearest"]
        return Reply(
            f"The warehouse cannot answer this: it has no data on {reading.missing}."
            f"\n{_listed(nearest)}"
        )
    if reading.unknown:
        reading.doubts.append(f"I do not understand '{', '.join(reading.unknown)}'")
    if "definition" in reading.words:
        found = [one for one in finder.find(question) if one.kind == "metric"]
        return Reply("\n".join(_source(one.name) for one in found[:2]))
    if (reading.start and reading.start > last_day) or (reading.end and reading.end < first_day):
        reading.doubts.append(f"orders are from {first_day} to {last_day} only")
    adds = reading.by or reading.where or reading.start or reading.end or reading.limit
    goes_on = last and adds and not reading.words - {"most", "least"}
    follows = goes_on or (last and plain(question).startswith(_FOLLOWS))
    fits = last["names"] if last and goes_on else fitting(reading.words)
    fits = [WORDS["with_period"].get(name, name) if reading.start else name for name in fits]
    if reading.doubts or len(fits) != 1:
        nearest = (
            fits
            or [
                one.name
                for one in finder.find(question, 20)
                if one.kind in {"metric", "analysis", "report"}
            ][:3]
        )
        doubt = (
            "; ".join(reading.doubts)
            or f"I am not sure what is meant{': several fit' if fits else ''}"
        )
        return Reply(f"{doubt[0].upper()}{doubt[1:]}.\n{_listed(nearest)}")
    if fits[0] in WORDS["ranked"] and adds and not reading.by:
        reading.by = [WORDS["ranked"][fits[0]]]
        reading.limit = reading.limit or 20  # as the analysis has
        fits = ["revenue"]
    if fits[0] not in finder.metrics():
        return _ready(fits[0], reading)
    return _metric(fits[0], reading, last if follows else None, last_day)


def _metric(name: str, reading: Reading, last: Json | None, last_day: date) -> Reply:
    """Compute a metric as the question says, where the metric can be asked so."""
    dimensions = {one.name for one in layer.dimensions(name)}
    call: Json = {"names": [name]}
    if last:
        call = {**last, "names": [name]}
        if reading.by or not reading.rank:
            call = {key: value for key, value in call.items() if key not in {"order", "limit"}}
        if "seller" in reading.words:  # the state of a seller is the seller's
            of = {STATE.split()[0]: OF_SELLER}
            call["by"] = [of.get(one, one) for one in call.get("by", ())]
            where = call.get("where", {})  # which a model's call need not have
            call["where"] = {of.get(one, one): said for one, said in where.items()}
    chosen: dict[str, str] = {}
    for asked in (*reading.by, *reading.where):
        options = asked.split()
        if asked == STATE and (name == "active_sellers" or "seller" in reading.words):
            options = [OF_SELLER]
        fit = [one for one in options if one in dimensions or one.startswith("metric_time__")]
        if not fit:
            label, others = finder.metrics()[name]["label"], layer.with_dimension(options[0], name)
            return Reply(f"{label} is not known by {options[0]}; these are.\n{_listed(others[:4])}")
        chosen[asked] = fit[0]
    if reading.by:
        call["by"] = [chosen[asked] for asked in reading.by]
    where = {chosen[asked]: values for asked, values in reading.where.items()}
    call["where"] = {**call.get("where", {}), **where}
    if reading.start or reading.end:
        call |= {"start": reading.start, "end": reading.end}
    if reading.rank and call.get("by"):
        flipped = name in WORDS["lower_is_better"] and reading.rank in {"best", "worst"}
        call["order"] = ["-" * ((reading.rank in {"most", "best"}) != flipped) + name]
        if reading.limit:
            call["limit"] = reading.limit
    result = tools.metrics(**call)
    if not any(
        value is not None for row in result["rows"] for value in row[len(call.get("by", ())) :]
    ):
        return Reply(
            f"There is nothing to compute it from (orders end on {last_day}).\n{_listed([name])}"
        )
    understood = [name, *(f"by {one}" for one in call.get("by", ()))]
    understood += [f"{of} = {' or '.join(values)}" for of, values in call["where"].items()]
    if call.get("start") or call.get("end"):
        understood.append(
            f"from {call.get('start') or 'the first day'} to {call.get('end') or 'the last'}"
        )
    ordered = ", ".join(result["order"])
    understood += [f"in the order of {ordered}"] if ordered else []
    return Reply(_told(result, understood, [name]), {"tool": "metrics", **call}, result)


def _ready(name: str, reading: Reading) -> Reply:
    """Show an analysis or a report, which knows no period and no filter."""
    kind = "report" if name in finder.tables() else "answer"
    if (
        reading.where
        or reading.start
        or reading.end
        or reading.limit
        or {*reading.by} - {WORDS["grain"].get(name)}
    ):
        alone = f"read reports.{name}" if kind == "report" else f"run 'olist answers {name}'"
        return Reply(
            f"{name} answers this for all orders at once: ask without a period, place or number, or"
            f" {alone}.\n{_listed([name])}"
        )
    result = (tools.report if kind == "report" else tools.answer)(name=name)
    return Reply(_told(result, [f"{name}, as it is"], [name]), {"tool": kind, "name": name}, result)


def _told(result: Json, understood: list[str], names: list[str]) -> str:
    rows = zip(*map(_figures, zip(*result["rows"], strict=True)), strict=True)
    table = tabulate(rows, result["columns"], disable_numparse=True)
    more = f"\n… {result['more']}" if "more" in result else ""
    sources = "\n".join(map(_source, names))
    said = f"Understood: {'; '.join(understood)}.\n{sources}"
    return f"{table}{more}\n\n{said}\nData as of batch {result['batch']}."


def _figures(column: tuple[Any, ...]) -> list[Any]:
    """The cells of a column, numbers as they are read: two digits for all, or four for shares."""
    numbers = [cell for cell in column if isinstance(cell, int | float)]
    if not any(isinstance(cell, float) for cell in numbers):
        return [*column]
    form = ",.4f" if any(abs(cell) < 1 and cell != round(cell, 2) for cell in numbers) else ",.2f"
    return [f"{cell:{form}}" if isinstance(cell, int | float) else cell for cell in column]


def _listed(names: list[str]) -> str:
    return "Nearest:\n" + "\n".join(f"  {_source(name)}" for name in names)


def _source(name: str) -> str:
    """What a name is, and where that stands."""
    if one := finder.metrics().get(name):
        where = f"docs/metrics.md#{one['config']['meta']['definition']}"
        return f"{name}: {one['label']}. {one['description']} ({where})"
    text = next(one.description for one in finder.everything() if one.name == name)
    kind = "report" if name in finder.tables() else "analysis"
    return f"{name}: {text.partition('. ')[0]}. ({kind})"
