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

from kaggle_stand_in import KEY, SECRETS, TOKEN, USER, Kaggle, serve
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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up home without credentials in it or in the environment."""
    for name in list(os.environ):
        if name.startswith("KAGGLE_") or name.upper() in (*PROXIES, "XDG_CONFIG_HOME"):
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


def save(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_downloads_a_checked_zip(desk: Desk) -> None:
    target = desk.run()
    assert target == desk.out / ZIP_NAME
    assert target.read_bytes() == WHOLE
    assert [file.name for file in desk.out.iterdir()] == [ZIP_NAME]
    assert desk.said == [
        "Downloading olistbr/brazilian-ecommerce from Kaggle",
        f"Saved {target} (0.0 MB)",
    ]


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
    assert desk.run().read_bytes() == WHOLE


def test_a_whole_zip_is_kept_and_needs_no_credentials(tmp_path: Path, home: Path) -> None:
    said: list[str] = []
    target = save(tmp_path / ZIP_NAME, WHOLE)
    assert download(tmp_path, said.append) == target
    assert said == [f"{target} is there already and whole; not downloaded again"]


def test_a_broken_zip_is_downloaded_again(desk: Desk) -> None:
    old = save(desk.out / ZIP_NAME, "half a zip")
    desk.run()
    assert desk.said[0] == f"{old} is there but is not a whole zip file; downloading it again"
    assert old.read_bytes() == WHOLE


def test_force_downloads_again_and_a_failure_keeps_the_old_zip(desk: Desk) -> None:
    old = save(desk.out / ZIP_NAME, WHOLE)
    desk.kaggle.body = WHOLE[: len(WHOLE) // 2]
    with pytest.raises(LoaderError, match="The zip from Kaggle is not a whole zip file"):
        desk.run(force=True)
    assert old.read_bytes() == WHOLE
    assert [file.name for file in desk.out.iterdir()] == [ZIP_NAME]


def test_no_credentials(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAGGLE_API_TOKEN")
    sentence = desk.fail()
    for way in ("No Kaggle credentials found", "KAGGLE_API_TOKEN", "OLIST_DATA", "'olist sample'"):
        assert way in sentence
    assert desk.kaggle.requests == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 403}, "the credentials are refused"),
        ({"status": 404}, "404"),
        ({"file_status": 500}, "500"),
        ({"cuts": 1000}, "Cannot download from Kaggle: "),
        ({"body": make_zip("olist_orders_dataset.csv")}, "lacks olist_orders_dataset.csv"),
        ({"body": WHOLE[:-2000] + bytes(1000) + WHOLE[-1000:]}, "The zip from Kaggle is "),
    ],
)
def test_what_goes_wrong_is_one_sentence(desk: Desk, fault: dict[str, object], words: str) -> None:
    for name, value in fault.items():
        setattr(desk.kaggle, name, value)
    sentence = desk.fail()
    assert words in sentence
    assert "\n" not in sentence
    assert "127.0.0.1" not in sentence
    assert "set OLIST_DATA to that zip" in sentence


def test_a_wrong_token_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAGGLE_API_TOKEN", "KGAT_wrong-and-secret")
    sentence = desk.fail()
    assert "the credentials are refused" in sentence
    assert "KGAT" not in sentence


def test_one_broken_connection_is_repaired_by_kaggle(desk: Desk) -> None:
    desk.kaggle.cuts = 1
    assert desk.run().read_bytes() == WHOLE
    assert desk.kaggle.requests[-1].startswith("GET bytes=")


def test_no_network(desk: Desk, tmp_path: Path) -> None:
    Kaggle(endpoint="http://127.0.0.1:1").redirect(tmp_path / "site")
    assert "Connection refused" in desk.fail()


def test_silence_ends(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT_SECONDS", 2.0)
    desk.kaggle.silent = True
    assert "no end after 2 s: check the network" in desk.fail()


def test_a_folder_that_cannot_be_made(desk: Desk, tmp_path: Path) -> None:
    desk.out = save(tmp_path / "file", "") / "data"
    with pytest.raises(LoaderError, match=r"Cannot write .*Not a directory; change --out"):
        desk.run()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('chatter')\nexit(1)", "the credentials are refused"),
        ("import a_missing_package", "No module named 'a_missing_package'"),
        ("import os\nos._exit(3)", "the credentials are refused"),
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
        ({"KAGGLE_API_TOKEN": TOKEN}, "", True),
        ({"KAGGLE_USERNAME": USER}, "", False),
        ({"KAGGLE_USERNAME": USER, "KAGGLE_KEY": ""}, "", False),
        ({"KAGGLE_USERNAME": USER, "KAGGLE_KEY": KEY}, "", True),
        ({}, ".kaggle/access_token", True),
        ({}, ".kaggle/access_token.txt", True),
        ({}, ".kaggle/credentials.json", True),
        ({}, ".kaggle/kaggle.json", True),
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
