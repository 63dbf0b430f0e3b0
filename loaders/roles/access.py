"""Who does what: the roles where they can be used, else the one user that is named."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from loaders import connection, server
from loaders.errors import LoaderError
from loaders.roles import passwords
from loaders.roles.names import KINDS, LOADER, READER, TRANSFORMER, names, variable


@dataclass(frozen=True)
class Access:
    """Libpq variables by which each part of a build reaches the database."""

    loader: dict[str, str]
    transformer: dict[str, str]
    reader: dict[str, str]
    has_roles: bool


def access(say: Callable[[str], None] = print) -> Access:
    """Return how a build reaches the database, and say so.

    The embedded server gets the roles where it has none. On a server that the environment names,
    they are used when 'olist roles' was run there, else all is done as the user that is named.
    """
    reason = _unusable()
    if reason is not None and passwords.is_embedded():
        from loaders.roles.make import make  # noqa: PLC0415 - most commands do without

        with suppress(LoaderError):  # a build does without
            make(lambda _: None)
            reason = _unusable()
    if reason is None:
        called = names()
        say(f"Roles: {called[LOADER]} lands, {called[TRANSFORMER]} builds, {called[READER]} reads.")
        loader, transformer, reader = map(credentials, KINDS)
        return Access(loader, transformer, reader, has_roles=True)
    user = connection.environment()
    say(f"Roles: everything is done as {user['PGUSER']}, for {reason}.")
    return Access(user, user, user, has_roles=False)


@contextmanager
def acting(kind: str) -> Iterator[None]:
    """Do the work of the block as a role of the embedded server, where it has the roles.

    Variables that the environment sets are obeyed as they are.
    """
    as_user = connection.external() is not None or not server.is_running()
    if as_user or _unusable(kind) is not None:
        yield
        return
    with connection.acting(credentials(kind)):
        yield


def for_dbt(*, connects: bool) -> dict[str, str] | None:
    """Return the variables of the embedded server for dbt; None when there is no such server.

    ``connects`` says whether dbt is about to use the database: then the roles have to be there.
    """
    owner = server.environment()
    if owner is None or TRANSFORMER not in passwords.known():
        return owner
    if connects and server.is_running() and _unusable(TRANSFORMER) is not None:
        return owner
    return credentials(TRANSFORMER)


def credentials(kind: str) -> dict[str, str]:
    """Return the variables by which a role reaches the database.

    Raises LoaderError when its password is not known here.
    """
    password = passwords.known().get(kind)
    if password is None:
        raise LoaderError(
            f"The password of {names()[kind]} is not known here: run 'olist roles', or set"
            f" {variable(kind, 'PASSWORD')}."
        )
    return {**connection.environment(), "PGUSER": names()[kind], "PGPASSWORD": password}


def _unusable(*kinds: str) -> str | None:
    """Say why these roles (all, when none is named) cannot be used; None when they can.

    What the one user made in their schemas meanwhile is given to them first.
    """
    known, called = passwords.known(), names()
    if connection.environment()["PGUSER"] in called.values():
        return "it is one of the roles itself"
    for kind in kinds or KINDS:
        if kind not in known:
            return f"the password of {called[kind]} is not known here (run 'olist roles')"
    from loaders.roles.make import mend  # noqa: PLC0415 - as above

    try:
        if not mend():
            return "this database has no roles (run 'olist roles')"
        for kind in kinds or KINDS:
            with connection.connect(where=credentials(kind)):
                pass
    except LoaderError as error:
        return f"the roles cannot be used: {str(error).rstrip('.')}"
    return None
