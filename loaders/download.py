"""``olist download``: the Kaggle dataset as one checked zip.

The ``kaggle`` package prints, may call ``exit()`` and sets no limit of time, so a child process
runs it.
"""

import os
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from loaders.errors import LoaderError
from loaders.tables import TABLES

DATASET = "olistbr/brazilian-ecommerce"
ZIP_NAME = "brazilian-ecommerce.zip"
LIMIT_SECONDS = 3600.0

_OTHER_WAYS = (
    "make a token at https://www.kaggle.com/settings/api and set KAGGLE_API_TOKEN to it, or"
    f" download https://www.kaggle.com/datasets/{DATASET} in a browser and set OLIST_DATA to that"
    " zip or folder, or make data with 'olist sample'"
)
_CHILD = """
import contextlib, io, sys
try:
    with contextlib.redirect_stdout(io.StringIO()):
        import kaggle
        kaggle.api.dataset_download_files(*sys.argv[1:3], force=True, quiet=False)
except BaseException as error:
    status = getattr(getattr(error, "response", None), "status_code", "")
    print(type(error).__name__, status, error)
    sys.exit(1)
"""


def has_credentials() -> bool:
    """Whether kaggle would find credentials; looks at variables and files, never the network."""
    given = os.environ.get
    configured = given("XDG_CONFIG_HOME", "~/.config")
    folders = ("~/.kaggle", f"{configured}/kaggle", given("KAGGLE_CONFIG_DIR", "~/.kaggle"))
    files = (file for each in folders for file in Path(each).expanduser().glob("*"))
    return bool(
        given("KAGGLE_API_TOKEN")
        or (given("KAGGLE_USERNAME") and given("KAGGLE_KEY"))
        or any(file.is_file() and file.stat().st_size for file in files)
    )


def download(out: Path, *, force: bool = False) -> Path:
    """Fetch the dataset into ``out/brazilian-ecommerce.zip`` and return that path.

    A whole zip that is there already is kept, unless ``force``. The new zip takes its name only
    after it was checked, so a failure leaves what was there. Raises LoaderError for credentials,
    network, the limit of time, a broken or incomplete zip, no room or no right to write.
    """
    target = out / ZIP_NAME
    if target.is_file() and not force and not _fault(target):
        print(f"{target} already exists and is complete; not downloaded again")
        return target
    if not has_credentials():
        raise LoaderError(f"No Kaggle credentials found: {_OTHER_WAYS}.")
    print(f"Downloading {DATASET} from Kaggle")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out, prefix=".download-") as scratch:
            _run_child(scratch)
            fresh = Path(scratch, ZIP_NAME)
            if fault := _fault(fresh):
                raise LoaderError(f"The zip from Kaggle {fault}: try again, or {_OTHER_WAYS}.")
            fresh.replace(target)
    except OSError as error:
        raise LoaderError(f"Cannot write {target}: {error.strerror}; change --out.") from error
    print(f"Saved {target} ({target.stat().st_size / 1e6:.1f} MB)")
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


def _run_child(folder: str) -> None:
    """Let kaggle put the zip into the folder; its progress bar is shown on a terminal."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, DATASET, folder],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if sys.stderr.isatty() else subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if name != "VERBOSE"},
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        reason = f"no end after {LIMIT_SECONDS:.0f} s: check the network"
    else:
        if done.returncode == 0:
            return
        # What kaggle says may hold a signed address, or the key in a header.
        private = r"\S+://\S+|\S*\?\S+|Bearer \S+|Basic \S+"
        reason = re.sub(private, "…", " ".join(done.stdout.split()))[:300]
        if re.search(r"\b40[13]\b", reason) or not reason or "SystemExit" in reason:
            reason = "the credentials are refused"
    raise LoaderError(f"Cannot download from Kaggle: {reason}; {_OTHER_WAYS}.")
