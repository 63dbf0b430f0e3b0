"""Runs PostgreSQL's programs, with root's rights dropped where the caller is root.

PostgreSQL refuses to run as root, and it should: its superuser may read any file that its process
may. Root's server runs as an unprivileged account; where that account cannot reach the project or
the programs (a private home), in a mount namespace that shows it these folders and nothing else of
the private one. No permission outside the server's folder is changed.
"""

import os
import pwd
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from loaders.errors import LoaderError
from loaders.server import files

KEPT_VARIABLES = ("PATH", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


@dataclass(frozen=True)
class Runner:
    """How a program is started: as whom (user and group id; None: the caller), behind what."""

    account: tuple[int, int] | None = None
    wrapper: tuple[str, ...] = ()

    def run(
        self, *words: str | Path, stdin: str = "", log: int | None = None, keep: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end and capture what it says. Raises LoaderError when it cannot.

        ``log`` is an open file for its output instead. A server inherits it, and must inherit
        nothing else: the caller's pipe would never end. ``keep`` is an open file that the program
        inherits.
        """
        # Whoever may run SQL as the superuser may read this: no tokens and no PG* settings in it.
        kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
        # Not as -D, which pg_ctl passes through a shell. C: messages in one language.
        ours = {"PGDATA": str(files.data()), "LC_ALL": "C"}
        dropped = None if self.wrapper else self.account  # the wrapper has to mount first
        try:
            return subprocess.run(
                [*self.wrapper, *words],
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
                pass_fds=() if keep is None else (keep,),
                check=False,
            )
        except OSError as error:
            raise LoaderError(f"{words[0]} cannot be run: {error}.") from error


def plan(bin_folder: Path, owner: os.stat_result | None) -> Runner:
    """Choose how to run the programs; ``owner`` is the existing data folder, if there is one.

    Raises LoaderError when root's rights can be dropped in no way.
    """
    if os.geteuid() != 0:
        return Runner()
    # The folder of an ordinary user is served as that user, so that both can go on using it.
    account = (owner.st_uid, owner.st_gid) if owner and owner.st_uid else _unprivileged()
    # Wheels keep bundled libraries beside the package, found by a relative path.
    package = bin_folder.parents[1]
    has_libraries = package.with_name(f"{package.name}.libs").is_dir()
    needed = (files.home(), package.parent if has_libraries else bin_folder.parent)
    for runner in (Runner(account), Runner(account, _namespace(account, needed))):
        # Tried, not computed from mode bits: access lists and security modules have a say as well.
        words = ("sh", "-c", 'cd "$1" && "$2" --version', "sh", needed[0], bin_folder / "postgres")
        tried = runner.run(*words)
        if tried.returncode == 0:
            return runner
    raise LoaderError(
        f"You are root, PostgreSQL does not run as root, and the user {account[0]} may not enter"
        f" {needed[0]} or {needed[1]}: move the project and its virtual environment to a folder"
        " that other users may enter, run as an ordinary user, or set PGHOST to use a server of"
        " your own."
    )


def _unprivileged() -> tuple[int, int]:
    known = {entry.pw_name: (entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall()}
    return known.get("postgres") or known.get("nobody") or (65534, 65534)


def _namespace(account: tuple[int, int], folders: tuple[Path, ...]) -> tuple[str, ...]:
    """Wrapper that covers the private folders above ``folders`` and shows these in their place.

    Its mounts are seen by nobody else and vanish with the last process in it. (A user namespace
    would need no root, but its server would keep root's rights on files.)
    """
    private: dict[str, str] = {}
    for folder in folders:
        above = [one for one in reversed(folder.parents) if not one.stat().st_mode & 1]
        private |= {shlex.quote(str(folder)): shlex.quote(str(above[0]))} if above else {}
    # Each is opened before what is above it is covered.
    steps = ["set -e; umask 022", *(f"exec {n}<{one}" for n, one in enumerate(private, start=3))]
    steps += [f"mount -t tmpfs -o size=1m,mode=755 olist {one}" for one in set(private.values())]
    for n, one in enumerate(private, start=3):
        steps.append(f"mkdir -p {one}; mount -c --bind /proc/self/fd/{n} {one}; exec {n}<&-")
    steps.append(f'exec setpriv --reuid={account[0]} --regid={account[1]} --clear-groups -- "$@"')
    unshare = 'exec unshare --mount --propagation private sh -c "$0" sh "$@"'
    return ("sh", "-c", unshare, "; ".join(steps))
