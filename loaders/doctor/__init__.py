"""``olist doctor``: what this machine and its server lack, and what to do about each."""

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict

from loaders.doctor import credentials, machine, packages, warehouse
from loaders.doctor.finding import FAIL, Finding
from loaders.errors import LoaderError

__all__ = ["Finding", "doctor"]


def doctor(*, as_json: bool = False, say: Callable[[str], None] = print) -> None:
    """Print a line for each check: what was found, and what to do where it is not well.

    Raises LoaderError when something has to be mended before the warehouse can work.
    """
    findings = []
    for finding in _findings():
        findings.append(finding)
        if not as_json:
            say(f"{finding.verdict:<5} {finding.check}: {finding.found}")
            if finding.remedy:
                say(f"      → {finding.remedy}")
    if as_json:
        say(json.dumps([asdict(finding) for finding in findings], indent=2))
    failed = [finding.check for finding in findings if finding.verdict == FAIL]
    if failed:
        raise LoaderError(f"not well: {', '.join(failed)}; what to do stands beside each.")


def _findings() -> Iterator[Finding]:
    yield from machine.findings()
    yield from packages.findings()
    yield from warehouse.findings()
    yield from credentials.findings()
