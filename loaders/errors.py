"""The one exception that a user may see, and how text is shown in its message."""

import re

from loaders.paths import project_root

# Of readers, whose view or table is not there.
NOTHING_BUILT = (
    "nothing has been built yet, only a part of the target, or raw was dropped since:"
    " run 'dbt build', after 'olist land' or 'olist replay' where nothing has landed."
)
# user:password@, up to the last @ of the word: a password may have / and @ in it by mistake.
_USER_INFO = re.compile(r"(:/+[^:/\s@]*):\S*@")
_EXTRAS = {
    **{"obstore": "lake", "pyarrow": "lake", "confluent_kafka": "stream"},
    **{"sqlalchemy": "databases", "pymysql": "databases"},
    **{"metricflow": "semantic", "streamlit": "dashboard", "pandas": "dashboard"},
    **dict.fromkeys(("mcp", "openai", "pglast", "psycopg", "tabulate"), "agent"),
    "apprise": "notify",
}
_PARAMETER = re.compile(
    r"([?&][^=&\s]*(?:password|passwd|pwd|secret|token|key)[^=&\s]*=)[^&\s]+", re.I
)


class LoaderError(Exception):
    """A problem that the user can fix.

    The message is one clear sentence: what is wrong, where (file, line, column), what was expected
    and what to do. The command line prints it without a traceback and exits with status 1.
    ``source`` is what the ledger calls the source that was read, where one was.
    """

    source: str | None = None


class PassingError(LoaderError):
    """A problem that may go away by itself, as of a server that restarts: a stream tries again."""


def sentence_of(error: Exception) -> str | None:
    """What to say of an error that a user can do something about; of another, nothing."""
    if isinstance(error, LoaderError):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        package = str(error.name).partition(".")[0]
        if package not in _EXTRAS:
            return None
        return f"this needs {package}, which is not installed: {installing(_EXTRAS[package])}."
    import psycopg2  # noqa: PLC0415 - `olist env` does not wait for it

    if isinstance(error, psycopg2.Error):
        from loaders.connection import denied, reason_of  # noqa: PLC0415

        if isinstance(error, psycopg2.errors.InsufficientPrivilege):
            return f"{denied(error)}."
        return f"PostgreSQL stopped the command: {reason_of(error)}."
    return None


def installing(extra: str) -> str:
    """The command that installs an extra: as locked, where it has a lock."""
    has_lock = (project_root() / f"requirements-{extra}.lock").exists()
    return f"make {extra}" if has_lock else f".venv/bin/pip install -e '.[{extra}]'"


def shown(text: str, limit: int = 80) -> str:
    """Text of a file for a message: printable, in one line, cut at ``limit`` letters (0: not)."""
    plain = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
    return plain if not limit or len(plain) <= limit else f"{plain[: limit - 1]}…"


def redact(text: str) -> str:
    """The text with ``***`` where a URL in it has a password."""
    return _PARAMETER.sub(r"\1***", _USER_INFO.sub(r"\1:***@", text))
