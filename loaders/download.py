"""``olist download``: the Kaggle dataset as one checked zip.

The ``kaggle`` package logs in when imported, prints, may call ``exit()`` and sets no time limit. So
a child process imports it and prints one line on how it went; the parent ends a child that stalls.
"""

import contextlib
import errno
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from loaders.errors import LoaderError
from loaders.paths import project_root
from loaders.tables import TABLES

DATASET = "olistbr/brazilian-ecommerce"
ZIP_NAME = "brazilian-ecommerce.zip"
STALL_SECONDS = 120.0  # without a new byte; longer than kaggle's waits between its own retries
LIMIT_SECONDS = 3600.0  # for the whole download

_DONE = "done"
_NEW_TOKEN = "make a new token at https://www.kaggle.com/settings/api"  # noqa: S105 - no secret
_OTHER_WAYS = (
    f"without Kaggle's API, download https://www.kaggle.com/datasets/{DATASET} in a browser and "
    "set OLIST_DATA to that zip or folder, or make data with `olist sample`"
)
_NO_CREDENTIALS = (
    f"No Kaggle credentials found: {_NEW_TOKEN} and set KAGGLE_API_TOKEN to it, or save it as "
    "~/.kaggle/access_token, or set KAGGLE_USERNAME and KAGGLE_KEY (or save kaggle.json in "
    f"~/.kaggle or KAGGLE_CONFIG_DIR); {_OTHER_WAYS}"
)
_NO_ROOM = "there is no room for the zip (disk, quota, file size limit); make room or change --out"
_REFUSED = f"the credentials are refused (KAGGLE_API_TOKEN is tried before files); {_NEW_TOKEN}"
_STATUS = {401: _REFUSED, 403: _REFUSED, 404: f"the dataset {DATASET} is not there"}
_CAUSES = {  # by class name along the chain of exceptions, the most telling first
    "NameResolutionError": "the host name cannot be resolved; check network and proxy",
    "SSLError": "the certificate is not trusted; check proxy and REQUESTS_CA_BUNDLE",
    "ConnectionRefusedError": "the connection was refused; check network, proxy and firewall",
    "TimeoutError": "there was no answer in time; check network and proxy",
    "ChunkedEncodingError": "the download broke off before its end; try again",
    "ConnectionError": "the connection was lost; check network and proxy, then try again",
    "ImportError": "a Python package is missing; run `pip install kaggle six`",
    "SystemExit": f"its client could not log in; {_NEW_TOKEN}",
    "ValueError": "what arrived is not the whole file; check network and proxy, then try again",
}


def has_credentials() -> bool:
    """Whether kaggle would find credentials; reads variables and files, never the network."""
    token = os.environ.get("KAGGLE_API_TOKEN")  # the token or a path; the files count without it
    files = [Path(token)] if token else [_home() / "access_token", _home() / "access_token.txt"]
    plain = token and not os.path.exists(token)  # noqa: PTH110 - Path.exists raises if it is long
    if plain or any(_read(file) for file in files):
        return True
    saved = _json(_config_dir() / "kaggle.json")
    user = os.environ.get("KAGGLE_USERNAME", saved.get("username"))
    if user and os.environ.get("KAGGLE_KEY", saved.get("key")):
        return True
    signed_in = _json(_home() / "credentials.json").get("refresh_token")  # kaggle auth login
    return bool(signed_in) or {"username", "key"} <= _json(_home() / "kaggle.json").keys()


def download(out: Path, say: Callable[[str], None] = print, force: bool = False) -> Path:
    """Fetch the dataset into ``out/brazilian-ecommerce.zip`` and return that path.

    A whole zip that is there already is kept, unless ``force``. The new zip takes its name only
    after it was checked, so a failure leaves what was there. Raises LoaderError for credentials,
    network, time limits, a broken or incomplete zip, no room or no right to write.
    """
    target = out / ZIP_NAME
    if target.is_file() and not force:
        if not (fault := _fault(target)):
            say(f"{target} is there already and whole; not downloaded again")
            return target
        say(f"{target} is there but {fault}; downloading it again")
    if not has_credentials():
        raise LoaderError(_NO_CREDENTIALS)
    say(f"Downloading {DATASET} from Kaggle")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".download-") as scratch:
            fresh = Path(scratch, ZIP_NAME)
            if (outcome := _run_child(fresh)) != _DONE:
                raise LoaderError(f"Cannot download from Kaggle: {outcome}; {_OTHER_WAYS}")
            if fault := _fault(fresh):
                raise LoaderError(f"The zip from Kaggle {fault}; try again; {_OTHER_WAYS}")
            fresh.replace(target)
    except OSError as error:
        raise LoaderError(f"Cannot write {target}: {error.strerror}; change --out") from error
    say(f"Saved {target} ({target.stat().st_size / 1e6:.1f} MB)")
    return target


def _fault(path: Path) -> str:
    """What is wrong with a zip, as the end of a sentence; empty when it is whole."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged, names = archive.testzip(), archive.namelist()
    except Exception:  # which one depends on where the file is broken
        return "is not a whole zip file"
    missing = ", ".join(table.file for table in TABLES if table.file not in names)
    return f"is damaged in {damaged}" if damaged else missing and f"lacks {missing}"


def _run_child(fresh: Path) -> str:
    """Run the child that writes ``fresh``; ``_DONE``, or why there is no zip."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("VERBOSE")}
    env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(project_root()), env.get("PYTHONPATH")]))
    if not _config_dir().exists():  # kaggle would make that folder in the user's home
        env["KAGGLE_CONFIG_DIR"] = str(fresh.parent)
    command = [sys.executable, "-P", "-m", "loaders.download", str(fresh.parent)]
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=null) as child:
        try:
            stopped = _watch(child, fresh)
            said = b"" if stopped else child.communicate()[0]
        finally:
            child.kill()
    return stopped or said.decode().strip() or f"its client ended with status {child.returncode}"


def _watch(child: subprocess.Popen[bytes], fresh: Path) -> str:
    """Wait for the child's end; a reason when it must be ended instead."""
    started = grown = now = time.monotonic()
    size = 0
    while now - started < LIMIT_SECONDS and now - grown < STALL_SECONDS:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=0.2)
            return ""
        now = time.monotonic()
        new = fresh.stat().st_size if fresh.exists() else 0
        if new != size:
            size, grown = new, now
        elif now - grown > 1 and shutil.disk_usage(fresh.parent).free < 2**20:
            return _NO_ROOM  # kaggle would try to write again for a minute
        if sys.stderr.isatty():
            print(f"{size / 1e6:8.1f} MB, {now - started:.0f} s", end="\r", file=sys.stderr)
    return f"no end after {now - started:.0f} s, no data for {now - grown:.0f} s; check the network"


def _home() -> Path:
    return Path(os.path.expanduser("~/.kaggle"))  # noqa: PTH111 - as kaggle does; never raises


def _config_dir() -> Path:
    """Folder where kaggle looks for ``kaggle.json``."""
    if given := os.environ.get("KAGGLE_CONFIG_DIR"):
        return Path(given)
    if not sys.platform.startswith("linux") or _home().exists():
        return _home()
    return Path(os.environ.get("XDG_CONFIG_HOME") or _home().with_name(".config"), "kaggle")


def _read(path: Path) -> str:
    with contextlib.suppress(OSError, ValueError):
        return path.read_text().strip()
    return ""


def _json(path: Path) -> dict[str, object]:
    with contextlib.suppress(ValueError, TypeError):
        return dict(json.loads(_read(path)))
    return {}


def _fetch(folder: str) -> str:
    """In the child: let kaggle put the zip into ``folder``; ``_DONE``, or why there is none."""
    try:
        with contextlib.redirect_stdout(sys.stderr):  # kaggle's chatter
            kaggle = importlib.import_module("kaggle")
            kaggle.api.dataset_download_files(DATASET, path=folder, force=True, quiet=True)
    except (Exception, SystemExit) as error:  # its text may hold a signed address: not told
        if status := getattr(getattr(error, "response", None), "status_code", None):
            return f"it answers with HTTP {status}; {_STATUS.get(status, 'try again later')}"
        names: list[str] = []
        link: BaseException | None = error
        while link:
            if getattr(link, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                return _NO_ROOM
            names += [base.__name__ for base in type(link).__mro__]
            link = link.__cause__ or link.__context__
        causes = (cause for name, cause in _CAUSES.items() if name in names)
        return next(causes, f"its client failed with {type(error).__name__}")
    return _DONE


if __name__ == "__main__":  # the child; it ends with its parent, whose end closes the input
    threading.Thread(target=lambda: os.read(0, 1) or os._exit(1), daemon=True).start()
    print(_fetch(sys.argv[1]), flush=True)
