"""A tiny marketplace whose files change from load to load: three orders, revenue 60.00."""

from pathlib import Path
from typing import Any

from conftest import write_csv
from warehouse import MARTS_ONLY, STAR, Warehouse

Rows = dict[str, list[str]]
_ORDER = (
    "o{0},c{0},delivered,2018-0{0}-02 10:00:00,2018-0{0}-02 11:00:00,2018-0{0}-03 10:00:00,"
    "2018-0{0}-10 10:00:00,2018-0{1}-01 00:00:00"
)
BASE: Rows = {
    "customers": [
        "c1,u1,01151,sao paulo,SP",
        "c2,u2,20040,rio de janeiro,RJ",
        "c3,u3,30130,belo horizonte,MG",
    ],
    "geolocation": [
        "01151,-23.53,-46.64,são paulo,SP",
        "20040,-22.90,-43.17,rio de janeiro,RJ",
        "30130,-19.92,-43.93,belo horizonte,MG",
    ],
    "order_items": [
        "o1,1,p1,s1,2018-01-05 00:00:00,10.00,1.00",
        "o2,1,p2,s2,2018-02-05 00:00:00,20.00,2.00",
        "o3,1,p1,s1,2018-03-05 00:00:00,30.00,3.00",
    ],
    "order_payments": ["o1,1,credit_card,1,11.00", "o2,1,boleto,1,22.00", "o3,1,voucher,1,33.00"],
    "order_reviews": [
        "r1,o1,5,,muito bom,2018-01-12 00:00:00,2018-01-13 10:00:00",
        "r2,o2,1,ruim,,2018-02-12 00:00:00,2018-02-13 10:00:00",
    ],
    "orders": [_ORDER.format(n, n + 1) for n in (1, 2, 3)],
    "products": ["p1,bebes,40,287,1,225,16,10,14", "p2,perfumaria,40,287,2,500,20,10,10"],
    "sellers": ["s1,01151,sao paulo,SP", "s2,20040,rio de janeiro,RJ"],
    "product_category_name_translation": ["bebes,baby", "perfumaria,perfumery"],
}


class LoadSequence:
    """A warehouse, and what the next load brings."""

    def __init__(self, warehouse: Warehouse, folder: Path, *, is_built: bool = False) -> None:
        """Begin with the whole marketplace, not yet landed."""
        self.warehouse = warehouse
        self.folder = folder
        self.files = {name: list(rows) for name, rows in BASE.items()}
        self.times: list[str] = []  # of the batches, by the clock of the source
        self.is_built = is_built

    def land(self, files: Rows | None = None, mode: str = "snapshot") -> None:
        """Land these files, or all where none is named; their rows stay for the next load."""
        files = files or {}
        for name, rows in files.items():
            self.files[name] = rows
        for path in self.folder.glob("*.csv"):
            path.unlink()
        for name in files or self.files:
            write_csv(self.folder, name, *self.files[name])
        self.warehouse.land(self.folder, mode)
        ((time,),) = self.warehouse.query(
            "select (max(loaded_at) at time zone 'America/Sao_Paulo')::text from raw._batches"
        )
        self.times.append(time)

    def build(self, *arguments: str) -> dict[str, str]:
        """Build everything but the reports, with its data tests; return the status of each node."""
        self.is_built = True
        return self.warehouse.dbt(
            *("build", "--exclude", "path:models/reports", "--exclude-resource-type", "unit_test"),
            *arguments,
        )

    def run(self, *arguments: str) -> None:
        """Build the marts, without tests; at first all that they need."""
        if self.is_built:
            self.warehouse.dbt("run", "--select", *MARTS_ONLY, *arguments)
        else:
            self.warehouse.dbt("build", *STAR)
            self.is_built = True

    def query(self, query: str) -> list[tuple[Any, ...]]:
        return self.warehouse.query(query)
