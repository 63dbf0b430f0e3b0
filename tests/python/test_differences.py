"""What ``olist compare`` calls a difference."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from loaders.engines import Mart
from loaders.engines.compare import report
from loaders.engines.differences import differences
from loaders.errors import LoaderError

MART = Mart("fct", ("key", "value"), "key")
SAME = [("a", 1), ("b", None), ("c", Decimal("1.00")), ("d", datetime(2017, 1, 1))]


def test_equal_rows_are_equal() -> None:
    found = differences(MART, iter(SAME), iter(SAME))
    assert (found.rows, found.other_rows, found.equal) == (4, 4, 4)
    assert found.none


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Decimal("1.0"), Decimal("1.00")),
        (1, Decimal("1")),
        (1, 1.0),
        (1, True),
        ("1", 1),
        ("", None),
        (" ", ""),
        (datetime(2017, 1, 1), datetime(2017, 1, 1, 0, 0, 0, 1)),
        (datetime(2017, 1, 1), datetime(2017, 1, 1).date()),
    ],
)
def test_values_that_only_look_alike_differ(ours: object, theirs: object) -> None:
    found = differences(MART, iter([("a", ours)]), iter([("a", theirs)]))
    if isinstance(ours, int) and isinstance(theirs, Decimal):
        assert found.none  # a whole number is written alike, whatever its type
    else:
        assert found.differing == 1
        assert found.examples[0].columns[0][0] == "value"


def test_rows_of_one_side_are_told() -> None:
    left: list[tuple[Any, ...]] = [("a", 1), ("b", 1), ("d", 1)]
    right: list[tuple[Any, ...]] = [("b", 2), ("c", 1), ("d", 1), ("é", 1)]
    found = differences(MART, iter(left), iter(right))
    assert (found.missing, found.extra, found.differing, found.equal) == (1, 2, 1, 1)
    assert [example.text("x", "y") for example in found.examples] == [
        "not on y",
        "value is 1 on x, 2 on y",
        "not on x",
    ]


class _Side:
    """A warehouse that has one mart."""

    def __init__(self, rows: list[tuple[Any, ...]]) -> None:
        self._rows = rows

    def rows(self, _: Mart) -> Any:
        """The rows."""
        return iter(self._rows)


def test_a_difference_is_an_error_and_shown() -> None:
    said: list[str] = []
    sides: Any = {"x": _Side(SAME), "y": _Side([*SAME[:3], ("d", None)])}
    with pytest.raises(LoaderError, match="1 of 1 tables differ"):
        report(sides, [MART], said.append)
    assert "fct d: value is 2017-01-01 00:00:00.000000 on x, null on y" in said
    report({"x": sides["x"], "y": sides["x"]}, [MART], said.append)
    assert said[-1] == "\nAll 1 tables are equal, row for row, on x, y."
