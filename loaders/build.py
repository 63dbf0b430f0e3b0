"""``make build``: server, data, landing, dbt build, and a summary of what came of it."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from loaders import connection, download, engines, operations, packages, server, synthetic
from loaders.dbt_build import dbt_build
from loaders.lake import keeping
from loaders.land import Rules, land, ledger
from loaders.locks import BUILDING, exclusive
from loaders.paths import state_root
from loaders.roles import access as roles
from loaders.sources.files import whole_export
from loaders.summary import print_summary


@dataclass
class _Steps:
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        print(f"\n== {name}", flush=True)
        started = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - started


def build() -> None:
    """Do all of it; safe to repeat from any state.

    Raises LoaderError when a step fails; dbt's own messages stand above it.
    """
    if (target := engines.target_of(())) in engines.OTHERS:
        from loaders.engines.build import build_on

        build_on(engines.engine(target))
        return
    steps = _Steps()
    with steps.step("server"):
        _server()
        access = roles.access()
    with connection.acting(access.loader), _alone():
        with steps.step("data"):
            data = _data()
        if data is not None:
            with steps.step("land"):
                # What comes here is a whole export, so a row that it lacks was removed.
                rules = Rules(allow_removals=_may_remove())
                land(data, mode="snapshot", rules=rules, keeping=keeping())
        with steps.step("dbt build"):
            packages.install(retry=False)
            switch = operations.switch_on() if _home().has_operations() else []
            tests = dbt_build({**os.environ, **access.transformer}, switch)
    with connection.acting(access.reader):
        print_summary(steps.seconds, tests, how="--role reader" if access.has_roles else "")


@contextmanager
def _alone() -> Iterator[None]:
    """Wait for another build of this database: two dbt runs at once would rename each other's."""

    def waiting() -> None:
        print("Another build is running: waiting for it to end.", flush=True)

    with connection.connect(autocommit=True) as link, exclusive(link, waiting, BUILDING):
        yield


def _server() -> None:
    if connection.external() is None:
        server.up()
    with connection.connect() as link:
        version = link.server_version // 10000
        where = link.get_dsn_parameters()
        print(
            f"PostgreSQL {version} at {where['host']}:{where['port']}, database {where['dbname']}"
        )


def _data() -> Path | None:
    """Path of the files to land; None to build on what is landed."""
    named = os.environ.get("OLIST_DATA")
    if named:
        print(f"Data: {named} (OLIST_DATA).")
        return whole_export(Path(named).expanduser())
    if download.has_credentials():
        print("Data: the Olist dataset from Kaggle, by the credentials on this machine.")
        return download.download(state_root() / "data")
    landed = _last_source()
    if landed not in (None, str(synthetic.folder())):
        print(f"Data: what is landed already, from {landed} (OLIST_DATA=path lands another).")
        return None
    print(
        "Data: synthetic, the size and shape of the Olist dataset"
        " (OLIST_DATA=path, or Kaggle credentials, for the real one)."
    )
    return synthetic.made()


def _may_remove() -> bool:
    """Whether the data may remove much of what is landed: our own sample gives way to any."""
    if os.environ.get("OLIST_ALLOW_REMOVALS") == "1":
        print("Rows that the data lacks are removed, however many (OLIST_ALLOW_REMOVALS=1).")
        return True
    return _last_source() == str(synthetic.folder())


def _last_source() -> str | None:
    """Source of the newest batch that landed rows, or None when there is none."""
    with connection.connect() as link, link.cursor() as cursor:
        if not ledger.exists(cursor):
            return None
        cursor.execute(
            "select source from raw._batches where status = 'landed' and source <> %s"
            " order by batch_id desc limit 1",
            (ledger.REJECTED,),
        )
        row = cursor.fetchone()
    return row[0] if row else None


def _home() -> engines.Warehouse:
    return engines.engine(engines.HOME).in_use()
