"""The roles' passwords: from variables, else generated and kept in ``.postgres/roles.json``."""

import json
import os
import secrets
from pathlib import Path

from loaders import connection, server
from loaders.errors import LoaderError
from loaders.roles.names import KINDS, names, variable
from loaders.server import layout

_BYTES = 24


def file() -> Path:
    """Where generated passwords are kept, readable by their owner only."""
    return layout.home_dir() / "roles.json"


def known() -> dict[str, str]:
    """Passwords by kind, as far as they are known here: a variable wins over what is kept."""
    kept, called = _load().get(_server(), {}), names()
    found = {kind: given(kind) or kept.get(called[kind]) for kind in KINDS}
    return {kind: password for kind, password in found.items() if password}


def given(kind: str) -> str | None:
    """Return the password that the environment names for a role, if it does."""
    return os.environ.get(variable(kind, "PASSWORD")) or None


def generate() -> str:
    """Return a password of 32 letters, digits, ``-`` and ``_``."""
    return secrets.token_urlsafe(_BYTES)


def keep(passwords: dict[str, str]) -> None:
    """Add passwords, by kind, to those kept for the server in use. Raises LoaderError."""
    called = names()
    layout.make_home()
    with layout.locked():
        everything = _load()
        roles = everything.setdefault(_server(), {})
        roles.update({called[kind]: password for kind, password in passwords.items()})
        text = json.dumps(everything, indent=2) + "\n"
        layout.write_whole(file(), text, layout.home_dir().stat())


def is_embedded() -> bool:
    """Whether the server in use is the embedded one, also where variables name it."""
    named = connection.external()
    if named is None:
        return True
    try:
        own = server.environment()
    except LoaderError:  # another user's, so not ours
        return False
    return own is not None and all(named[name] == own[name] for name in ("PGHOST", "PGPORT"))


def _server() -> str:
    """What a server is kept under; the embedded one may have another port after each start."""
    where = connection.environment()
    return "embedded" if is_embedded() else f"{where['PGHOST']}:{where['PGPORT']}"


def _load() -> dict[str, dict[str, str]]:
    try:
        values = json.loads(file().read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise LoaderError(f"{file()} cannot be read: {error.strerror}.") from error
    except ValueError:
        return {}  # a damaged file is as good as none: the passwords can be set anew
    return {
        str(where): {str(role): str(password) for role, password in roles.items()}
        for where, roles in (values.items() if isinstance(values, dict) else ())
        if isinstance(roles, dict)
    }
