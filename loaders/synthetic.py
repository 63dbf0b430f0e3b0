"""The synthetic files that ``make build`` lands where nobody names others: made once, then kept."""

from pathlib import Path

from loaders.paths import state_root


def folder() -> Path:
    """Where they are, as the ledger has it; they may not be there yet."""
    return (state_root() / "data" / "sample").resolve()


def made() -> Path:
    """The folder, with the files in it."""
    found = folder()
    if not (found / ".complete").exists():
        from loaders.sample import generate  # noqa: PLC0415 - with numpy

        generate(found)
        (found / ".complete").touch()
    return found
