"""A dashboard that runs, and what a reader sees of it in a real browser."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from loaders.paths import project_root

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PAGES = ("overview", "geographic", "products", "delivery", "statistics", "quality")
_SETTLED = """() => {
    const app = document.querySelector('[data-testid=stApp]')
    const idle = app?.dataset.testScriptState === 'notRunning'
        && document.querySelector('h1') && !document.querySelector('[data-testid=stSkeleton]')
    window.idleSince = idle ? window.idleSince || Date.now() : 0
    return idle && Date.now() - window.idleSince > 700
}"""
_TABLES = """() => Object.fromEntries([...document.querySelectorAll('h2')].map(title => {
    const table = title.closest('[data-testid=stVerticalBlock]').querySelector('table')
    const texts = row => [...row.cells].map(one => one.textContent.trim())
    return [title.textContent, [...(table?.rows ?? [])].map(texts)]
}))"""
_CLICK = """name => {
    const began = performance.now(), before = document.querySelector('h1').textContent
    const links = [...document.querySelectorAll('[data-testid=stTopNavLink]')]
    links.find(link => link.textContent.includes(name)).click()
    window.taken = new Promise(done => {
        const timer = setInterval(() => {
            const app = document.querySelector('[data-testid=stApp]').dataset.testScriptState
            const title = document.querySelector('h1')?.textContent
            const chart = document.querySelector('[data-testid=stVegaLiteChart] .marks')
            if (chart && title && title !== before && app === 'notRunning') {
                clearInterval(timer)
                done((performance.now() - began) / 1000)
            }
        }, 20)
    })
}"""
Tables = dict[str, list[list[str]]]


@contextmanager
def served(variables: dict[str, str], *command: str, port_option: str = "--port") -> Iterator[str]:
    """The address of a dashboard on a warehouse, or of another one that a command serves."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", *(command or ("loaders", "dashboard")), port_option, str(port)],
        cwd=project_root(),
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for _ in range(1200):
            assert process.poll() is None, process.stdout and process.stdout.read()
            with suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health").close()
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser without a window."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - an extra

    with sync_playwright() as playwright:
        yield playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )


def address_of(dashboard: str, name: str, chosen: dict[str, list[str]] | None = None) -> str:
    """Where a page is, with the values of its filters."""
    query = [f"{key}={value}" for key, values in (chosen or {}).items() for value in values]
    return f"{dashboard}/{'' if name == 'overview' else name}{'?' * bool(query)}{'&'.join(query)}"


def click_at_once(browser: Any, dashboard: str, people: int) -> list[float]:
    """Let people who have the dashboard open go to another page at once: seconds of each."""
    context = browser.new_context()
    pages = [context.new_page() for _ in range(people)]
    for page in pages:
        page.goto(dashboard)
    for page in pages:
        settle(page)
    for place, page in enumerate(pages):
        page.evaluate(_CLICK, PAGES[1 + place % 4].capitalize())
    taken = [page.evaluate("window.taken") for page in pages]
    for page in pages:
        assert page.locator("[data-testid=stException], [data-testid=stAlert]").count() == 0
    context.close()
    return taken


def look(page: Any, address: str) -> None:
    """Open an address, and wait until all of it is drawn."""
    page.goto(address)
    settle(page)


def settle(page: Any) -> None:
    """Wait until nothing is drawn any more."""
    page.wait_for_function(_SETTLED, timeout=60_000)


def tables(page: Any) -> Tables:
    """Of each card, by its title: the table's cells, the heading first."""
    found: Tables = page.evaluate(_TABLES)
    return found


def csv_of(page: Any, title: str, folder: Path) -> str:
    """What the button of a card gives."""
    card = (
        page.locator("[data-testid=stVerticalBlock]")
        .filter(has=page.locator("h2", has_text=title))
        .last
    )
    if card.get_by_role("tab", name="Table").count():
        card.get_by_role("tab", name="Table").click()
    with page.expect_download() as download:
        card.get_by_role("button", name="Download CSV").click()
    file = folder / "download.csv"
    download.value.save_as(file)
    return file.read_text("utf-8")
