"""What type a surrogate key should have."""

from benchmarks.experiments.trial import Experiment, Variant

_MAKE = (
    "create table people as select {key} as customer_key, state_code from marts.dim_customers",
    "create unique index on people (customer_key)",
    "create table lines as select {key} as customer_key, price from marts.fct_order_items",
    "create index on lines (customer_key)",
)
_ASK = (
    "analyze people",
    "analyze lines",
    *["select state_code, sum(price) from lines join people using (customer_key) group by 1"] * 5,
)
_UNKNOWN = "case when customer_key = '-1' then {unknown} else {known} end"
_TYPES = {
    "text (kept)": "customer_key",
    "char(32)": "customer_key::char(32)",
    "uuid": _UNKNOWN.format(unknown="md5('-1')::uuid", known="customer_key::uuid"),
    "bigint, half of the hash": _UNKNOWN.format(
        unknown="-1", known="('x' || left(customer_key, 16))::bit(64)::bigint"
    ),
}

making = Experiment(
    "keys",
    "type of a surrogate key: to make a dimension and a fact with it, and their indexes",
    tuple(
        Variant(name, tuple(statement.format(key=key) for statement in _MAKE))
        for name, key in _TYPES.items()
    ),
    fresh=True,
)
joining = Experiment(
    "joins",
    "type of a surrogate key: five joins of the lines with the people",
    tuple(
        Variant(name, _ASK, tuple(statement.format(key=key) for statement in _MAKE))
        for name, key in _TYPES.items()
    ),
)
EXPERIMENTS = (making, joining)
