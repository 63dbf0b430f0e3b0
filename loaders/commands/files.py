"""``olist download | sample``: files to land."""

import argparse
from pathlib import Path

from loaders.commands import Add
from loaders.paths import state_root


def add(command: Add) -> None:
    """Add the commands."""
    download = command(
        "download", "Fetch the Olist dataset from Kaggle (needs its credentials).", _download
    )
    download.add_argument("--out", type=Path, help="folder for the zip (default: data)")
    download.add_argument("--force", action="store_true", help="fetch it even if it is there")

    sample = command(
        "sample", "Write synthetic files of the same shape: no account needed.", _sample
    )
    sample.add_argument("--out", type=Path, required=True, help="folder for the CSV files")
    sample.add_argument("--scale", type=float, default=1.0, help="1.0 has the real row counts")
    sample.add_argument("--seed", type=int, help="same seed, same bytes")
    sample.add_argument(
        "--with-operations",
        action="store_true",
        help="also inventory_transactions.csv and marketing_campaigns.csv (docs/operations.md)",
    )


def _download(options: argparse.Namespace) -> None:
    from loaders.download import download

    print(download(options.out or state_root() / "data", force=options.force))


def _sample(options: argparse.Namespace) -> None:
    from loaders.sample import DEFAULT_SEED, generate

    seed = DEFAULT_SEED if options.seed is None else options.seed
    rows = generate(options.out, options.scale, seed, with_operations=options.with_operations)
    for file, count in rows.items():
        print(f"  {file}: {count:,} rows")
