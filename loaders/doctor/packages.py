"""Checks of what is installed: the project's requirements, its extras, dbt's packages."""

import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from packaging.requirements import Requirement

from loaders.connection import external
from loaders.doctor.finding import FAIL, OK, WARN, Finding
from loaders.lake.store import named_lake
from loaders.paths import project_root

# What each optional part is for. Who does not use it need not have it.
_EXTRAS = {
    "server": "the embedded PostgreSQL",
    "lake": "olist archive, replay and s3:// locations",
    "mysql": "mysql:// and mariadb:// locations",
}


def findings() -> Iterator[Finding]:
    """Yield what was found."""
    try:
        wanted = [Requirement(text) for text in requires("olist-warehouse") or []]
    except PackageNotFoundError:
        yield Finding(
            "packages", FAIL, "this project is not installed here", "run 'make setup' in it"
        )
        return
    needed = [found for one in wanted if one.marker is None and (found := _wrong(one))]
    yield (
        Finding("packages", FAIL, "; ".join(needed), "run 'make setup' (or pip with the lock)")
        if needed
        else Finding("packages", OK, f"dbt-core {version('dbt-core')}, and all others as required")
    )
    for extra, purpose in _EXTRAS.items():
        mine = [one for one in wanted if one.marker and one.marker.evaluate({"extra": extra})]
        lacking = [found for one in mine if (found := _wrong(one))]
        if not lacking:
            yield Finding(f"extra '{extra}'", OK, f"there, for {purpose}")
            continue
        missed = (extra == "server" and external() is None) or (
            extra == "lake" and bool(named_lake(None))
        )
        yield Finding(
            f"extra '{extra}'",
            WARN if missed else OK,
            f"{'; '.join(lacking)}: only {purpose} need{'s' * (extra == 'server')} it",
            f"to use that: {sys.executable} -m pip install -e '.[{extra}]'",
        )
    yield _dbt_packages()


def _wrong(requirement: Requirement) -> str | None:
    """What is wrong with an installed package, or None."""
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return f"{requirement.name} is not installed"
    if requirement.specifier.contains(found, prereleases=True):
        return None
    return f"{requirement.name} {found} is not {requirement.specifier}"


def _dbt_packages() -> Finding:
    folder = project_root() / "dbt_packages" / "dbt_utils"
    if not (folder / "dbt_project.yml").is_file():
        return Finding("dbt packages", FAIL, "dbt_utils is not there", "run 'olist deps'")
    if (folder / "OFFLINE").is_file():
        return Finding(
            "dbt packages", OK, "dbt_utils: the offline stand-in ('olist deps' asks the hub)"
        )
    return Finding("dbt packages", OK, "dbt_utils from the hub")
