"""Makes a data folder, writes its configuration, and starts a server on it."""

import os
import re
import shutil
from pathlib import Path

from loaders.errors import LoaderError
from loaders.server import layout, machine, process, tuning
from loaders.server.binaries import Installation
from loaders.server.runner import Runner

ROLE = DATABASE = "olist"
CONF = "olist.conf"
BUILTIN_PROVIDER_MAJOR = 17
CHECKSUMS_BY_DEFAULT_MAJOR = 18
START_SECONDS = 300  # crash recovery included
LOG_BYTES = 5_000_000  # a longer log is put aside at the next start
TELLING = re.compile(r"FATAL:|PANIC:|ERROR:|error:|invalid value for|unrecognized configuration")
CLIENT_REFUSED = "the database system is"  # "starting up": a client that asked too early
HBA = """# Written by the olist project at every start.
host all all 127.0.0.1/32 scram-sha-256
"""


class PortTakenError(Exception):
    """Another program took the port between our look at it and the server's."""


def create(runner: Runner, installation: Installation, lock: int) -> None:
    """Make a new data folder with the role ``olist``; no half-made one is ever left under its name.

    initdb inherits ``lock``: when we are killed, the next command waits until it has ended. Raises
    LoaderError with the last line that initdb or the server wrote.
    """
    making, data = layout.making_dir(), layout.data_dir()
    _remove(making)
    _remove(data)
    base: list[str | Path] = [installation.bin / "initdb", "-U", ROLE, "-E", "UTF8", "-A", "reject"]
    if installation.major >= CHECKSUMS_BY_DEFAULT_MAJOR:
        # With checksums the first reader of a new table writes all of it to the log again.
        base.append("--no-data-checksums")
    for locale in _locales(installation.major):
        try:
            making.mkdir(mode=0o700)
            if runner.account:
                os.chown(making, *runner.account)
        except OSError as error:
            raise LoaderError(f"{making} cannot be made: {error.strerror}.") from error
        done = runner.run([*base, *locale], data=making, keep=lock)
        if done.returncode == 0:
            break
        _remove(making)
        if "locale" not in done.stderr:
            break
    if done.returncode != 0:
        raise LoaderError(f"The database folder {data} could not be made: {_reason(done.stderr)}.")
    with (making / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(f"\ninclude_if_exists = '{CONF}'\n")
    making.rename(data)


def set_password(runner: Runner, installation: Installation, password: str) -> None:
    """Set the role's password while no server runs. Raises LoaderError.

    Single-user mode needs no password, no port and no file that holds the new one.
    """
    sql = f"alter role {ROLE} with superuser login password '{password}';\n"
    program = installation.bin / "postgres"
    done = runner.run([program, "--single", "postgres"], data=layout.data_dir(), stdin=sql)
    if done.returncode != 0 or re.search("ERROR:|FATAL:|PANIC:", done.stderr):
        raise LoaderError(
            f"The server's password could not be set in {layout.data_dir()}: "
            f"{_reason(done.stderr)}."
        )


def adopt(runner: Runner) -> None:
    """Give a data folder that belongs to root (a copied project) to the server's account."""
    data = layout.data_dir()
    if runner.account and data.stat().st_uid == 0:
        os.chown(data, *runner.account)
        for folder, folders, files in os.walk(data):
            for name in (*folders, *files):
                os.chown(Path(folder, name), *runner.account, follow_symlinks=False)


def start(runner: Runner, installation: Installation, port: int) -> None:
    """Write the configuration and start the server; returns when it accepts connections.

    Raises LoaderError with the log's reason, PortTakenError when another program was faster.
    """
    data, log = layout.data_dir(), layout.log_file()
    process.clear_crash(data)
    owner = data.stat()
    layout.write_whole(data / "pg_hba.conf", HBA, owner)
    layout.write_whole(data / CONF, _configuration(port), owner)
    handle = layout.open_log(LOG_BYTES)
    try:
        begin = os.fstat(handle).st_size
        options = ["-w", "-s", "-t", str(START_SECONDS)]
        done = runner.run([installation.bin / "pg_ctl", "start", *options], data=data, log=handle)
    finally:
        os.close(handle)
    if done.returncode != 0:
        with log.open("rb") as file:
            file.seek(begin)
            text = file.read().decode("utf-8", "replace")
        if "could not bind" in text:
            raise PortTakenError
        raise LoaderError(f"The server did not start: {_reason(text)} (see {log}).")


def _configuration(port: int) -> str:
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        # TCP is the contract; a socket path under a deep project folder would be too long.
        "unix_socket_directories": "",
        "cluster_name": "olist",
        # The same answers on every machine, wherever it stands.
        "timezone": "UTC",
        "log_timezone": "UTC",
        "datestyle": "ISO, MDY",
        **tuning.settings(machine.measure()),
    }
    lines = [f"{name} = '{value}'" for name, value in settings.items()]
    head = (
        "# Written at every start; ALTER SYSTEM overrides it. Reasons: loaders/server/tuning.py\n"
    )
    return head + "\n".join(lines) + "\n"


def _locales(major: int) -> list[list[str]]:
    """Options for byte order with Unicode letters, the next one where the first is unknown."""
    if major >= BUILTIN_PROVIDER_MAJOR:
        return [["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]]
    return [["--locale=C.UTF-8"], ["--locale=C"]]


def _reason(text: str) -> str:
    """The line of a log that says why, without its prefix and its final point."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    told = [line for line in lines if TELLING.search(line) and CLIENT_REFUSED not in line]
    # The first complaint is the cause, those after it say what could not be done for it.
    line = told[0] if told else (lines or ["no reason given"])[-1]
    return re.sub(r"^.*?(FATAL|PANIC|ERROR|LOG|error): +", "", line).rstrip(".")


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise LoaderError(
            f"The unfinished folder {folder} cannot be removed: {error.strerror}."
        ) from error
