"""Check all rules; print one line for each breach and exit with 1, or say how much was checked."""

import sys
from collections.abc import Iterator

from tests.governance import catalog, erd, rules, tools
from tests.governance.findings import Finding, GovernanceError
from tests.governance.project import FOLDER, Project, parse


def findings(project: Project) -> Iterator[Finding]:
    """All breaches, tool by tool. Writes the catalog that the tools read."""
    columns = catalog.columns_of(project)
    catalog.write(project, columns)
    for rule in rules.RULES:
        yield from rule(project, columns)
    yield from tools.bouncer(project)
    yield from tools.score(project)
    yield from tools.coverage(project)
    if not project.has_optional:  # the picture is of what everybody has
        yield from erd.stale(project)


def main() -> int:
    """Return the exit code."""
    try:
        projects = (parse(), parse(FOLDER.with_name("lint-optional"), optional=True))
        broken = sorted({finding for project in projects for finding in findings(project)})
    except GovernanceError as error:
        print(error, file=sys.stderr)
        return 1
    for finding in broken:
        print(finding, file=sys.stderr)
    if broken:
        print(f"Governance: {len(broken)} to mend (docs/governance.md).", file=sys.stderr)
        return 1
    print("Governance: every rule holds.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
