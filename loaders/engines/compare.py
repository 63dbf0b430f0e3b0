"""``olist compare``: the same data on several engines, marts and reports compared row for row."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from loaders.engines import HOME, NAMES, Mart, Warehouse, engine
from loaders.engines.differences import Difference, differences
from loaders.errors import LoaderError
from loaders.land.ledger import Rules
from loaders.packages import install
from loaders.paths import project_root
from loaders.text_table import print_table

Say = Callable[[str], None]

SCHEMAS = ("marts", "reports")  # what people read


def compare(
    names: Sequence[str], data: Sequence[str], say: Say = print, *, tests: bool = False
) -> None:
    """Build on empty warehouses of these engines, which go again, and compare what they built.

    ``data`` are whole exports or lakes: each is landed and built in turn, so that what follows the
    first is an incremental run. Every engine gets the batch times of the first, so that what
    depends on the clock (versions of a snapshot) is compared as all else is. ``tests`` runs dbt's
    tests too. Raises LoaderError when a build fails or a row differs.
    """
    chosen = [name for name in NAMES if name in names]
    if len(chosen) < len(set(names)) or len(chosen) < 2:  # noqa: PLR2004 - to compare takes two
        raise LoaderError(f"name two engines or more, of {', '.join(NAMES)}.")
    engines = [engine(name) for name in chosen]
    install(retry=False)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="olist-compare-")))
        warehouses: dict[str, Warehouse] = {}
        for one in engines:
            place = folder / one.name
            place.mkdir()
            warehouses[one.name] = stack.enter_context(one.scratch(place))
        marts: list[Mart] = []
        for location in data:
            at = None
            for name, warehouse in warehouses.items():
                say(f"\n== {name}: {location}")
                warehouse.land(
                    location, "snapshot", rules=Rules(allow_removals=True), say=say, at=at
                )
                at = (warehouse.newest_batch() or (0, None))[1]
                target = folder / f"{name}-target"
                _build(name, warehouse, target, tests=tests)
                marts = marts_of(target / "manifest.json")
        report(warehouses, marts, say)


def compare_in_use(names: Sequence[str], manifest: Path, say: Say = print) -> None:
    """Compare the warehouses in use as they are; see ``compare``.

    They have to hold the same batches of the same times, as those that follow one lake do.
    """
    if not manifest.exists():
        raise LoaderError(f"{manifest} is missing, which names the tables: run 'dbt build' first.")
    warehouses = {name: engine(name).in_use() for name in NAMES if name in names}
    report(warehouses, marts_of(manifest), say)


def marts_of(manifest: Path) -> list[Mart]:
    """The models of schemas ``marts`` and ``reports`` in a dbt manifest, by schema and name."""
    nodes = json.loads(manifest.read_text("utf-8"))["nodes"].values()
    return sorted(
        (
            Mart(
                node["name"],
                tuple(node["columns"]),
                node["config"]["meta"]["primary_key"],
                node["schema"],
            )
            for node in nodes
            if node["resource_type"] == "model" and node["schema"] in SCHEMAS
        ),
        key=lambda mart: (mart.schema, mart.name),
    )


def report(warehouses: dict[str, Warehouse], marts: Sequence[Mart], say: Say) -> None:
    """Compare the tables of the first warehouse with those of each other one, and say what differs.

    Raises LoaderError when anything does.
    """
    (reference, first), *others = warehouses.items()
    unequal = 0
    for name, other in others:
        say(f"\n== {name} compared with {reference}")
        found = [differences(mart, first.rows(mart), other.rows(mart)) for mart in marts]
        print_table(
            ("table", reference, name, "equal", "missing", "extra", "differing"),
            [
                (f.mart, f.rows, f.other_rows, f.equal, f.missing, f.extra, f.differing)
                for f in found
            ],
            say,
        )
        for difference in found:
            _examples(difference, reference, name, say)
        unequal += sum(not difference.none for difference in found)
    if unequal:
        raise LoaderError(f"{unequal} of {len(marts) * len(others)} tables differ; rows are above.")
    say(f"\nAll {len(marts)} tables are equal, row for row, on {', '.join(warehouses)}.")


def _examples(difference: Difference, reference: str, name: str, say: Say) -> None:
    for example in difference.examples:
        say(f"{difference.mart} {example.key}: {example.text(reference, name)}")


def _build(name: str, warehouse: Warehouse, target: Path, *, tests: bool) -> None:
    command = [sys.executable, "-m", "loaders.dbt", "--quiet", "build", "--target", name]
    command += ["--target-path", str(target), "--log-path", str(target / "logs")]
    if not tests:
        command += ["--exclude-resource-type", "test", "unit_test"]
    variables = {name: value for name, value in os.environ.items() if name != "OLIST_DATA"}
    if name == HOME:
        variables.pop("DATABASE_URL", None)
    done = subprocess.run(
        command, cwd=project_root(), env={**variables, **warehouse.variables}, check=False
    )
    if done.returncode != 0:
        raise LoaderError(f"dbt build failed on {name}; its messages are above.")
