"""Passwords of URLs, taken out of what is printed or kept."""

import re

# user:password@, up to the last @ of the word: a password may have / and @ in it by mistake.
_USER_INFO = re.compile(r"(:/+[^:/\s@]*):\S*@")
_PARAMETER = re.compile(r"([?&][^=&\s]*(?:password|passwd|pwd|secret|token)[^=&\s]*=)[^&\s]+", re.I)


def redact(text: str) -> str:
    """Return the text with ``***`` where a URL in it has a password."""
    return _PARAMETER.sub(r"\1***", _USER_INFO.sub(r"\1:***@", text))
