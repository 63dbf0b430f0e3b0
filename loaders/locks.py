"""Advisory locks of the warehouse's database: what must not be done twice at once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from psycopg2.extensions import connection as Connection

# Every landing into a database, every build of it, every archive of it (roles: 0x0115_7004).
LANDING = 0x0115_7001
BUILDING = 0x0115_7002
ARCHIVING = 0x0115_7003


@contextmanager
def exclusive(link: Connection, waiting: Callable[[], None], lock: int = LANDING) -> Iterator[None]:
    """Hold an advisory lock, landing's own by default; call ``waiting`` first when it is taken.

    The lock belongs to the session and not to the transaction, so that a load that had to wait
    begins its transaction, and with it ``_loaded_at``, after the other one has ended.
    """
    with link.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", (lock,))
        if cursor.fetchone() != (True,):
            waiting()
            cursor.execute("select pg_advisory_lock(%s)", (lock,))
    link.commit()
    try:
        yield
    finally:
        if not link.closed:  # a lost connection has lost the lock with it
            link.rollback()
            with link.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(%s)", (lock,))
            link.commit()
