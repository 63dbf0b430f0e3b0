"""The one exception that a user may see."""


class LoaderError(Exception):
    """A problem that the user can mend.

    The message is one clear sentence: what is wrong, where (file, line, column), what was expected
    and what to do. The command line prints it without a traceback and exits with status 1.
    """


def shown(text: str, limit: int = 80) -> str:
    """Text of a file for a message: printable, in one line, cut at ``limit`` letters (0: not)."""
    plain = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
    return plain if not limit or len(plain) <= limit else f"{plain[: limit - 1]}…"
