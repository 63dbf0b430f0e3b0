"""Settings of a session: memory, compilation, helpers."""

from benchmarks.experiments.trial import Experiment, Variant

_REPORT = (
    "select c.state_code, p.category_name, d.year_month, count(distinct f.order_id),"
    " sum(f.item_total) from marts.fct_order_items f"
    " join marts.dim_customers c using (customer_key)"
    " join marts.dim_products p using (product_key)"
    " join marts.dim_dates d on d.date_key = f.purchased_date_key group by 1, 2, 3",
    "select zip_code_prefix, city, state_code, count(*), avg(latitude)"
    " from staging.stg_olist__geolocation group by 1, 2, 3",
)


def _with(**settings: str) -> tuple[str, ...]:
    return (*(f"set {name} = '{value}'" for name, value in settings.items()), *_REPORT)


EXPERIMENTS = (
    Experiment(
        "memory",
        "work_mem, for a report and the grouping of all points",
        tuple(Variant(size, _with(work_mem=size)) for size in ("4MB", "16MB", "32MB", "128MB")),
    ),
    Experiment(
        "jit",
        "compilation of expressions, for the same",
        tuple(Variant(f"jit {value}", _with(jit=value)) for value in ("off", "on")),
    ),
    Experiment(
        "helpers",
        "helpers of one query (processor time is that of the leader only), for the same",
        tuple(
            Variant(f"{number}", _with(max_parallel_workers_per_gather=str(number)))
            for number in (0, 1, 2)
        ),
    ),
)
