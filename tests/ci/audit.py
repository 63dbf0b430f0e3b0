"""pip-audit on the locks, and a clear word when there was nobody to ask.

pip-audit ends well where the registry has no vulnerability data (a mirror), though nothing was
audited.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

LOCKS = ("requirements-dev.lock", "requirements-server.lock")  # the first contains the runtime's


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit the locks; return the exit status."""
    parser = argparse.ArgumentParser(prog="audit", description="Known vulnerabilities in the locks")
    parser.add_argument("--strict", action="store_true", help="fail if a package was not audited")
    strict = parser.parse_args(arguments).strict
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--progress-spinner", "off"]
    command += ["--no-deps", "--disable-pip", "--require-hashes"]
    for lock in LOCKS:
        command += ["--requirement", lock]
    done = subprocess.run(command, capture_output=True, check=False)
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        print(f"audit: pip-audit gave no report.\n{done.stderr.decode()}", file=sys.stderr)
        return 1
    return report(packages, strict=strict)


def report(packages: Sequence[Mapping[str, Any]], *, strict: bool) -> int:
    """Print what was found in pip-audit's list of packages; return the exit status."""
    vulnerable = [package for package in packages if package.get("vulns")]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    for package in vulnerable:
        for found in package["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            print(f"{package['name']} {package['version']}: {found['id']}, fixed in {fixed}")
    print(f"{len(packages) - len(skipped)} packages audited, {len(vulnerable)} vulnerable.")
    if skipped:
        print(
            f"audit: {len(skipped)} packages were not audited: the registry in use has no"
            f" vulnerability data for them ({', '.join(skipped[:3])} …).",
            file=sys.stderr,
        )
    return int(bool(vulnerable) or (strict and bool(skipped)))


if __name__ == "__main__":
    sys.exit(main())
