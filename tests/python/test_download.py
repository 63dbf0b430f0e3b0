"""``loaders.download`` with the real kaggle package against a loopback stand-in."""

import io
import json
import os
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from kaggle_stand_in import KEY, SECRETS, TOKEN, USER, Kaggle, serve
from loaders import download as module
from loaders.download import ZIP_NAME, download, has_credentials
from loaders.errors import LoaderError
from loaders.paths import project_root
from loaders.tables import TABLES

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def make_zip(leave_out: str = "") -> bytes:
    """The nine files with one made-up row each, which does not compress well."""
    noise = random.Random(1).randbytes(2000).hex()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in TABLES:
            if table.file != leave_out:
                archive.writestr(table.file, f"{','.join(table.columns)}\n{noise}\n")
    return buffer.getvalue()


WHOLE = make_zip()


@dataclass
class Desk:
    """A user's empty machine: home, target folder, stand-in, what was said."""

    home: Path
    out: Path
    kaggle: Kaggle
    said: list[str]

    def run(self, force: bool = False) -> Path:
        return download(self.out, self.said.append, force)

    def fail(self) -> str:
        """The error sentence of a download that must leave nothing behind."""
        with pytest.raises(LoaderError) as caught:
            self.run()
        assert not self.out.exists() or not list(self.out.iterdir())
        assert not any(secret in str(caught.value) for secret in SECRETS)
        return str(caught.value)

    def hang(self, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Make the stand-in fall silent, and start the watch only when it has."""
        self.kaggle.hang = where
        watch = module._watch

        def later(child: subprocess.Popen[bytes], fresh: Path) -> str:
            assert self.kaggle.hanging.wait(30)
            return watch(child, fresh)

        monkeypatch.setattr(module, "_watch", later)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up home without credentials in it or in the environment."""
    for name in list(os.environ):
        if name.startswith("KAGGLE_") or name.upper() in (*PROXIES, "XDG_CONFIG_HOME", "VERBOSE"):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return home


@pytest.fixture
def desk(
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    """A desk with a good token; no secret may be said, printed or raised in the whole test."""
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    with serve(Kaggle(WHOLE)) as kaggle:
        monkeypatch.setenv("PYTHONPATH", str(kaggle.redirect(tmp_path / "site")))
        desk = Desk(home, tmp_path / "data", kaggle, [])
        yield desk
    printed = "".join(capfd.readouterr())
    assert printed == "", "kaggle's chatter reached our output"
    assert not any(secret in line for secret in SECRETS for line in desk.said)


def save(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


LEGACY = json.dumps({"username": USER, "key": KEY})


def test_downloads_a_checked_zip(desk: Desk) -> None:
    target = desk.run()
    assert target == desk.out / ZIP_NAME
    assert target.read_bytes() == WHOLE
    assert [file.name for file in desk.out.iterdir()] == [ZIP_NAME]
    assert desk.said == [
        "Downloading olistbr/brazilian-ecommerce from Kaggle",
        f"Saved {target} (0.0 MB)",
    ]
    assert "DownloadDataset" in desk.kaggle.requests
    assert list(desk.home.rglob("*")) == []


def test_legacy_key_in_the_environment(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    monkeypatch.setenv("KAGGLE_USERNAME", USER)
    monkeypatch.setenv("KAGGLE_KEY", KEY)
    assert desk.run().read_bytes() == WHOLE


def test_legacy_file_in_config_dir(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    save(desk.home / "elsewhere" / "kaggle.json", LEGACY)
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(desk.home / "elsewhere"))
    monkeypatch.setenv("VERBOSE", "1")  # kaggle would print its headers, with the key
    assert desk.run().read_bytes() == WHOLE


def test_a_whole_zip_is_not_downloaded_again(desk: Desk) -> None:
    save(desk.out / ZIP_NAME, "").write_bytes(WHOLE)
    assert desk.run() == desk.out / ZIP_NAME
    assert desk.said == [f"{desk.out / ZIP_NAME} is there already and whole; not downloaded again"]
    assert desk.kaggle.requests == []


def test_a_whole_zip_needs_no_credentials(tmp_path: Path, home: Path) -> None:
    save(tmp_path / ZIP_NAME, "").write_bytes(WHOLE)
    assert download(tmp_path, lambda _: None) == tmp_path / ZIP_NAME


def test_a_broken_zip_is_downloaded_again(desk: Desk) -> None:
    old = save(desk.out / ZIP_NAME, "half a zip")
    desk.run()
    assert desk.said[0] == f"{old} is there but is not a whole zip file; downloading it again"
    assert old.read_bytes() == WHOLE


def test_force_downloads_again_and_a_failure_keeps_the_old_zip(desk: Desk) -> None:
    old = save(desk.out / ZIP_NAME, "").write_bytes(WHOLE)
    desk.kaggle.body = WHOLE[: len(WHOLE) // 2]
    with pytest.raises(LoaderError, match="The zip from Kaggle is not a whole zip file"):
        desk.run(force=True)
    assert (desk.out / ZIP_NAME).stat().st_size == old
    assert [file.name for file in desk.out.iterdir()] == [ZIP_NAME]


def test_no_credentials(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    sentence = desk.fail()
    for way in (
        "No Kaggle credentials found",
        "KAGGLE_API_TOKEN",
        "~/.kaggle/access_token",
        "KAGGLE_USERNAME and KAGGLE_KEY",
        "kaggle.json",
        "OLIST_DATA",
        "`olist sample`",
    ):
        assert way in sentence
    assert desk.kaggle.requests == []
    assert not desk.out.exists()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "HTTP 403; the credentials are refused"),
        (404, "HTTP 404; the dataset olistbr/brazilian-ecommerce is not there"),
    ],
)
def test_http_status(desk: Desk, status: int, words: str) -> None:
    desk.kaggle.status = status
    assert words in desk.fail()


def test_wrong_token(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_wrong-and-secret")
    sentence = desk.fail()
    assert "HTTP 401; the credentials are refused" in sentence
    assert "KGAT" not in sentence


def test_status_behind_the_redirect_hides_the_signed_address(desk: Desk) -> None:
    desk.kaggle.file_status = 500
    sentence = desk.fail()
    assert "it answers with HTTP 500; try again later" in sentence
    assert "http:" not in sentence


def test_one_broken_connection_is_mended_by_kaggle(desk: Desk) -> None:
    desk.kaggle.cuts = 1
    assert desk.run().read_bytes() == WHOLE
    assert re.fullmatch(r"/archive.zip bytes=\d+-", desk.kaggle.requests[-1])


def test_connection_that_always_breaks(desk: Desk) -> None:
    desk.kaggle.cuts = 1000
    assert "the download broke off before its end; try again" in desk.fail()


def test_what_is_wrong_with_a_zip(tmp_path: Path) -> None:
    middle = len(WHOLE) // 2
    flipped = WHOLE[:middle] + bytes([WHOLE[middle] ^ 1]) + WHOLE[middle + 1 :]
    file = save(tmp_path / ZIP_NAME, "")
    assert module._fault(file) == "is not a whole zip file"
    file.write_bytes(flipped)
    assert module._fault(file)
    file.write_bytes(make_zip(leave_out="olist_orders_dataset.csv"))
    assert module._fault(file) == "lacks olist_orders_dataset.csv"
    file.write_bytes(WHOLE)
    assert module._fault(file) == ""


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("http://no-such-host.invalid", "the host name cannot be resolved"),
        ("http://127.0.0.1:1", "the connection was refused"),
    ],
)
def test_no_network(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str, words: str
) -> None:
    site = Kaggle(endpoint=endpoint).redirect(tmp_path / "other")
    monkeypatch.setenv("PYTHONPATH", str(site))
    assert words in desk.fail()


@pytest.mark.parametrize("where", ["IntrospectToken", "file"])
def test_silence_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setattr(module, "STALL_SECONDS", 0.5)
    desk.hang(where, monkeypatch)
    assert re.search(r"no end after \d+ s, no data for \d+ s; check the network", desk.fail())
    assert desk.kaggle.left.wait(5)


def test_file_size_limit(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
    site = desk.kaggle.redirect(tmp_path / "limited", limit)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert "there is no room for the zip" in desk.fail()


@pytest.mark.parametrize(
    ("limit", "free", "words"),
    [(0.5, 2**30, "no end after "), (60.0, 0, "there is no room for the zip")],
)
def test_watch_ends_a_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: float, free: int, words: str
) -> None:
    monkeypatch.setattr(module, "LIMIT_SECONDS", limit)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as child:
        assert words in module._watch(child, tmp_path / ZIP_NAME)
        child.kill()


def test_folder_that_cannot_be_made(desk: Desk, tmp_path: Path) -> None:
    desk.out = save(tmp_path / "file", "") / "data"
    with pytest.raises(LoaderError, match=r"Cannot write .*Not a directory; change --out"):
        desk.run()


def test_exit_and_missing_package(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = save(tmp_path / "fake" / "kaggle.py", "print('chatter')\nexit(1)\n")
    monkeypatch.setenv("PYTHONPATH", str(fake.parent))
    assert "its client could not log in" in desk.fail()
    fake.write_text("import a_package_that_is_missing\n")
    assert "a Python package is missing; run `pip install kaggle six`" in desk.fail()
    fake.write_text("import os\nos._exit(3)\n")
    assert "its client ended with status 3" in desk.fail()


def test_child_ends_with_its_parent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.kaggle.hang = "DownloadDataset"
    code = (
        "import os, pathlib, sys; from loaders.download import download;"
        "os.environ['PYTHONPATH'] = sys.argv[2]; download(pathlib.Path(sys.argv[1]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(desk.out), os.environ["PYTHONPATH"]],
        env={**os.environ, "PYTHONPATH": str(project_root())},
        stdout=subprocess.PIPE,
    ) as parent:
        assert desk.kaggle.hanging.wait(30)
        parent.kill()
    assert desk.kaggle.left.wait(5)


def test_progress_only_on_a_terminal(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(0.5)"]) as child:
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        assert module._watch(child, save(tmp_path / "part", "x" * 1_500_000)) == ""
    assert re.search(r"     1.5 MB, \d s\r", capsys.readouterr().err)


@pytest.mark.parametrize(
    "name", ["access_token", "access_token.txt", "kaggle.json", "credentials.json"]
)
def test_credentials_in_home(home: Path, name: str) -> None:
    texts = {"kaggle.json": LEGACY, "credentials.json": '{"refresh_token": "x"}'}
    assert not has_credentials()
    file = save(home / ".kaggle" / name, "")
    assert not has_credentials()
    file.write_text(texts.get(name, TOKEN))
    assert has_credentials()


def test_credentials_in_xdg_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "config"))
    save(home / "config" / "kaggle" / "kaggle.json", LEGACY)
    assert has_credentials()
    (home / ".kaggle").mkdir()  # it wins once it exists
    assert not has_credentials()


def test_credentials_in_config_dir(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(home / "elsewhere"))
    assert not has_credentials()
    save(home / "elsewhere" / "kaggle.json", LEGACY)
    assert has_credentials()


@pytest.mark.parametrize("text", ["[1, 2]", "3", "{", '{"username": "someone"}', "\xff"])
def test_unusable_kaggle_json(home: Path, text: str) -> None:
    save(home / ".kaggle" / "kaggle.json", "").write_bytes(text.encode("latin-1"))
    assert not has_credentials()


def test_credentials_in_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_USERNAME", USER)
    assert not has_credentials()
    monkeypatch.setenv("KAGGLE_KEY", KEY)
    assert has_credentials()
    monkeypatch.setenv("KAGGLE_KEY", "")
    assert not has_credentials()


@pytest.mark.parametrize("token", [TOKEN, "long" * 2000])
def test_token_in_the_environment(home: Path, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", token)
    assert has_credentials()


def test_token_by_path(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = save(home / "token", "")
    save(home / ".kaggle" / "access_token", TOKEN)
    monkeypatch.setenv("KAGGLE_API_TOKEN", str(file))
    assert not has_credentials()  # kaggle, too, looks no further than the empty file
    file.write_text(TOKEN)
    assert has_credentials()
