"""Runs PostgreSQL's programs, with root's rights dropped where the caller is root.

PostgreSQL refuses to run as root, and it should: its superuser may read any file that its process
may. The account used instead often cannot reach the project (a private home folder), and opening
that folder to everybody is not ours to do. So root's server runs, in this order,

1. as an unprivileged account, where that account can reach the programs and the data folder;
2. as that account in a private mount namespace, which shows it the programs and the data folder
   under another path and nothing else of the private folder;
3. not at all, with a sentence that says what to do.
"""

import os
import pwd
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loaders.errors import LoaderError
from loaders.server import layout
from loaders.server.binaries import Installation

# Standard folders that anybody may enter; one is covered inside the namespace only.
MOUNT_POINTS = ("/mnt", "/media", "/srv")
KEPT_VARIABLES = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@dataclass(frozen=True)
class Runner:
    """How a program is started: as whom, behind which wrapper, and under which paths."""

    account: tuple[int, int] | None = None  # user and group id; None: as the caller
    wrapper: tuple[str, ...] = ()
    seen_as: Mapping[Path, Path] = field(default_factory=dict)

    def path(self, outside: Path) -> str:
        """A path as the started program sees it."""
        for folder, inside in self.seen_as.items():
            if outside.is_relative_to(folder):
                return str(inside / outside.relative_to(folder))
        return str(outside)

    def run(
        self,
        command: Sequence[str | Path],
        *,
        data: Path | None = None,
        stdin: str = "",
        log: int | None = None,
        keep: int | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end and capture what it says.

        ``data`` is the data folder it works on (in PGDATA: pg_ctl's ``-D`` passes through a shell).
        ``log`` is an open file for its standard output instead. A server inherits it, and must
        inherit nothing else: the caller's pipe would never end. ``keep`` is an open file that the
        program inherits. Raises LoaderError when the program cannot be started at all.
        """
        words = [self.path(word) if isinstance(word, Path) else word for word in command]
        # In the wrapper it is setpriv that changes the user: only root may mount.
        dropped = self.account if not self.wrapper else None
        try:
            return subprocess.run(
                [*self.wrapper, *words],
                # An empty input instead of none: a pipe that is closed at once.
                input=stdin,
                stdout=subprocess.PIPE if log is None else log,
                stderr=subprocess.PIPE if log is None else subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                errors="replace",
                cwd="/",
                env=_environment() | ({"PGDATA": self.path(data)} if data else {}),
                user=dropped[0] if dropped else None,
                group=dropped[1] if dropped else None,
                extra_groups=[] if dropped else None,
                pass_fds=() if keep is None else (keep,),
                check=False,
            )
        except OSError as error:
            raise LoaderError(f"{words[0]} cannot be run: {error}.") from error


def plan(installation: Installation, owner: os.stat_result | None) -> Runner:
    """Choose how to run the programs; ``owner`` is the existing data folder, if there is one.

    Raises LoaderError when root's rights can be dropped in no way.
    """
    if os.geteuid() != 0:
        return Runner()
    # The folder of an ordinary user is served as that user, so that both can go on using it.
    existing = (owner.st_uid, owner.st_gid) if owner is not None and owner.st_uid != 0 else None
    account = existing or _unprivileged()
    home = layout.home_dir()
    version: list[str | Path] = [installation.bin / "postgres", "--version"]
    runner = Runner(account)
    programs = _works(runner, version)
    if programs and _works(runner, ["sh", "-c", 'cd "$1"', "sh", home]):
        return runner
    seen = {} if programs else _program_folders(installation.bin)
    private = _namespace(account, {home: "home", **seen})
    if private is not None and _works(private, version):
        return private
    name = layout.user_name(account[0])
    raise LoaderError(
        f"You are root, PostgreSQL does not run as root, and the user {name} may not enter {home} "
        f"or {installation.bin}: move the project and its virtual environment to a folder that "
        "other users may enter, run as an ordinary user, or set PGHOST to use a server of your own."
    )


def _environment() -> dict[str, str]:
    # Whoever may run SQL as the superuser may read this: no tokens and no PG* settings in it.
    # C: messages in one language, and macOS threads stay away from the postmaster.
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    kept.setdefault("PATH", os.defpath)
    return {**kept, "LC_ALL": "C"}


def _unprivileged() -> tuple[int, int]:
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise LoaderError(
        "You are root, PostgreSQL does not run as root, and there is neither a user postgres nor a "
        "user nobody: run as an ordinary user, or set PGHOST to use a server of your own."
    )


def _works(runner: Runner, command: Sequence[str | Path]) -> bool:
    # Tried, not computed from mode bits: access lists and security modules have a say as well.
    try:
        return runner.run(command).returncode == 0
    except LoaderError:
        return False


def _program_folders(bin_folder: Path) -> dict[Path, str]:
    """Folders that the programs need, with relative places that keep them apart as they are."""
    prefix = bin_folder.parent
    folders = {prefix: f"programs/{prefix.parent.name}/{prefix.name}"}
    # Wheels keep bundled libraries beside the package, and find them by a relative path.
    libraries = prefix.parent.with_name(f"{prefix.parent.name}.libs")
    if libraries.is_dir():
        folders[libraries] = f"programs/{libraries.name}"
    return folders


def _namespace(account: tuple[int, int], folders: Mapping[Path, str]) -> Runner | None:
    """Runner that starts a program in a private mount namespace which shows ``folders``.

    Mounts made there are seen by nobody else and vanish with the last process in it. A user
    namespace would need no root, but its server would keep root's rights on files.
    """
    tools = [shutil.which(tool) for tool in ("unshare", "setpriv", "mount", "sh")]
    points = [Path(point) for point in MOUNT_POINTS if Path(point).is_dir()]
    free = [p for p in points if not any(folder.is_relative_to(p) for folder in folders)]
    if not sys.platform.startswith("linux") or not all(tools) or not free:
        return None
    point, quote = free[0], shlex.quote
    steps = ["set -e", f"mount -t tmpfs -o size=1m,mode=755 olist {quote(str(point))}"]
    for folder, place in folders.items():
        inside = quote(str(point / place))
        steps += [f"mkdir -p {inside}", f"mount --bind {quote(str(folder))} {inside}"]
    user, group = account
    steps.append(f'exec setpriv --reuid={user} --regid={group} --clear-groups -- "$@"')
    return Runner(
        account,
        (
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            "umask 022; " + "; ".join(steps),
            "sh",
        ),
        {folder: point / place for folder, place in folders.items()},
    )
