"""``olist compare``: several engines, the same rows."""

import argparse
import os

from loaders.commands import Add


def add(command: Add) -> None:
    """Add the command."""
    compare = command(
        "compare", "Build the same data on several engines; compare marts and reports.", _compare
    )
    compare.add_argument(
        "--engines",
        default="postgres,duckdb",
        metavar="NAMES",
        help="separated by commas, the home of the warehouse first (default: postgres,duckdb)",
    )
    compare.add_argument(
        "--data",
        action="append",
        metavar="LOCATION",
        help="a whole export (folder or zip) or a lake; repeated, each is built on what was there,"
        " as a later export (default: OLIST_DATA, else synthetic files of --scale)",
    )
    compare.add_argument(
        "--scale",
        type=float,
        default=0.05,
        help="size of the synthetic files, 1 is that of the Olist dataset (default: 0.05)",
    )
    compare.add_argument("--tests", action="store_true", help="run dbt's tests on each engine too")
    compare.add_argument(
        "--in-use",
        action="store_true",
        help="build nothing: compare the warehouses in use, which followed one lake",
    )


def _compare(options: argparse.Namespace) -> None:
    import tempfile
    from pathlib import Path

    from loaders.engines.compare import compare, compare_in_use
    from loaders.paths import project_root

    names = [name.strip() for name in options.engines.split(",") if name.strip()]
    if options.in_use:
        compare_in_use(names, project_root() / "target" / "manifest.json")
        return
    data = options.data or list(filter(None, [os.environ.get("OLIST_DATA")]))
    if data:
        compare(names, data, tests=options.tests)
        return
    from loaders.sample import generate

    with tempfile.TemporaryDirectory(prefix="olist-compare-") as folder:
        generate(Path(folder), scale=options.scale)
        compare(names, [folder], tests=options.tests)
