"""What one check found."""

from dataclasses import dataclass

OK, WARN, FAIL = "ok", "warn", "fail"


@dataclass(frozen=True)
class Finding:
    """One check, what it found, and what to do where ``verdict`` is ``warn`` or ``fail``.

    ``fail`` is what the warehouse cannot work with; ``warn`` what some command will miss.
    """

    check: str
    verdict: str
    found: str
    remedy: str = ""
