"""Quality: what was landed, what the tests say, and what the tables hold."""

from dashboard.data import View


def draw(view: View) -> None:
    """Draw the page."""
