"""``loaders.download`` with the real kaggle package against a loopback stand-in."""

import io
import json
import os
import random
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fake_kaggle import KEY, SECRETS, TOKEN, USER, Kaggle, serve
from loaders import download as module
from loaders.download import ZIP_NAME, download, has_credentials
from loaders.errors import LoaderError
from loaders.tables import TABLES

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
LEGACY = json.dumps({"username": USER, "key": KEY})


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
    """A user's empty machine: home, target folder, stand-in."""

    home: Path
    out: Path
    kaggle: Kaggle

    def fail(self, *, force: bool = False) -> str:
        """The error sentence of a download that changes nothing."""
        before = list(self.out.iterdir()) if self.out.is_dir() else []
        with pytest.raises(LoaderError) as caught:
            download(self.out, force=force)
        assert (list(self.out.iterdir()) if self.out.is_dir() else []) == before
        assert not any(secret in str(caught.value) for secret in SECRETS)
        return str(caught.value)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up home without credentials in it or in the environment."""
    for name in list(os.environ):
        if name.startswith("KAGGLE_") or name.upper() in (*PROXIES, "XDG_CONFIG_HOME"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "home"


@pytest.fixture
def desk(
    tmp_path: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Iterator[Desk]:
    """A desk with a good token; no secret may be printed or raised in the whole test."""
    monkeypatch.setenv("KAGGLE_API_TOKEN", TOKEN)
    with serve(Kaggle(WHOLE)) as kaggle:
        monkeypatch.setenv("PYTHONPATH", str(kaggle.redirect(tmp_path / "site")))
        yield Desk(home, tmp_path / "data", kaggle)
    printed = "".join(capfd.readouterr())
    assert not any(secret in printed for secret in SECRETS)
    ours = ("Downloading olistbr/brazilian-ecommerce from Kaggle", "Saved ")
    assert all(line.startswith(ours) for line in printed.splitlines()), "kaggle's chatter"


def save(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_downloads_a_checked_zip(desk: Desk) -> None:
    save(desk.out / ZIP_NAME, "half a zip")
    desk.kaggle.cuts = 1  # a broken connection is repaired by kaggle
    assert download(desk.out) == desk.out / ZIP_NAME
    assert (desk.out / ZIP_NAME).read_bytes() == WHOLE
    assert [file.name for file in desk.out.iterdir()] == [ZIP_NAME]
    assert desk.kaggle.requests[-1].startswith("GET bytes=")


@pytest.mark.parametrize("where", ["environment", ".kaggle", "elsewhere"])
def test_a_legacy_key_will_do(desk: Desk, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    monkeypatch.setenv("VERBOSE", "1")  # kaggle would print its headers, with the key
    if where == "environment":
        monkeypatch.setenv("KAGGLE_USERNAME", USER)
        monkeypatch.setenv("KAGGLE_KEY", KEY)
    else:
        save(desk.home / where / "kaggle.json", LEGACY)
    if where == "elsewhere":
        monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(desk.home / where))
    assert download(desk.out).read_bytes() == WHOLE


def test_a_whole_zip_is_kept_and_needs_no_credentials(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = save(tmp_path / ZIP_NAME, WHOLE)
    assert download(tmp_path) == target
    assert capsys.readouterr().out.endswith("is complete; not downloaded again\n")


def test_a_failure_keeps_the_old_zip(desk: Desk) -> None:
    old = save(desk.out / ZIP_NAME, WHOLE)
    desk.kaggle.body = WHOLE[: len(WHOLE) // 2]
    assert "The zip from Kaggle is not a whole zip file" in desk.fail(force=True)
    assert old.read_bytes() == WHOLE


def test_no_credentials(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    sentence = desk.fail()
    for way in ("No Kaggle credentials found", "KAGGLE_API_TOKEN", "OLIST_DATA", "'olist sample'"):
        assert way in sentence
    assert desk.kaggle.requests == []


@pytest.mark.parametrize(
    ("fault", "token", "words"),
    [
        ({"status": 403}, TOKEN, "the credentials are refused"),
        ({}, "KGAT_wrong", "the credentials are refused"),
        ({"status": 404}, TOKEN, "404"),
        ({"file_status": 500}, TOKEN, "500"),
        ({"cuts": 1000}, TOKEN, "Cannot download from Kaggle: "),
        ({"silent": True}, TOKEN, "no end after 3 s: check the network"),
        ({"body": make_zip("olist_orders_dataset.csv")}, TOKEN, "lacks olist_orders_dataset.csv"),
        ({"body": WHOLE[:-2000] + bytes(1000) + WHOLE[-1000:]}, TOKEN, "The zip from Kaggle is "),
    ],
)
def test_what_goes_wrong_is_one_sentence(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    fault: dict[str, object],
    token: str,
    words: str,
) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", token)
    if "silent" in fault:
        monkeypatch.setattr(module, "LIMIT_SECONDS", 3.0)
    for name, value in fault.items():
        setattr(desk.kaggle, name, value)
    sentence = desk.fail()
    assert words in sentence
    assert "\n" not in sentence
    assert "127.0.0.1" not in sentence
    assert "KGAT" not in sentence
    assert "set OLIST_DATA to that zip" in sentence


def test_no_network(desk: Desk, tmp_path: Path) -> None:
    Kaggle(endpoint="http://127.0.0.1:1").redirect(tmp_path / "site")
    assert "Connection refused" in desk.fail()


def test_a_folder_that_cannot_be_made(desk: Desk, tmp_path: Path) -> None:
    desk.out = save(tmp_path / "file", "") / "data"
    assert "Not a directory; change --out" in desk.fail()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('chatter')\nexit(1)", "the credentials are refused"),
        ("import a_missing_package", "No module named 'a_missing_package'"),
    ],
)
def test_a_client_that_fails(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, words: str
) -> None:
    fake = save(tmp_path / "fake" / "kaggle.py", code)
    monkeypatch.setenv("PYTHONPATH", str(fake.parent))
    assert words in desk.fail()


@pytest.mark.parametrize(
    ("variables", "file", "found"),
    [
        ({}, "", False),
        ({"KAGGLE_USERNAME": USER, "KAGGLE_KEY": ""}, "", False),
        ({"KAGGLE_USERNAME": USER, "KAGGLE_KEY": KEY}, "", True),
        ({}, ".kaggle/access_token", True),
        ({}, ".config/kaggle/kaggle.json", True),
        ({}, "elsewhere/kaggle.json", False),
    ],
)
def test_credentials(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    file: str,
    found: bool,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if file:
        save(home / file, "something")
    assert has_credentials() == found
    if file:
        save(home / file, "")
        assert not has_credentials()
