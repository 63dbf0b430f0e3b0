"""What a picture of the star is drawn from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """A key column: primary, or foreign and then the table that it points to, or both."""

    column: str
    primary: bool
    target: str | None


@dataclass(frozen=True)
class Table:
    """A mart: its grain in a word or two, its key columns, the names of the others."""

    name: str
    grain: str
    keys: list[Key]
    others: list[str]

    @property
    def is_fact(self) -> bool:
        """Whether it is in the middle of the star."""
        return self.name.startswith("fct_")
