"""What a rule says when it is broken."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """One breach of one rule: the file to open, what is wrong there, and which rule says so."""

    file: str
    message: str
    rule: str

    def __str__(self) -> str:
        """One line for a terminal."""
        return f"{self.file}: {self.message} [{self.rule}]"


class GovernanceError(Exception):
    """A rule could not be checked at all; the message is one sentence that says why."""
