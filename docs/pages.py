"""Take the pictures of the dashboard in docs/gallery.md: ``python -m docs.pages [--out FOLDER]``.

They are of the warehouse in use; those of the repository are of the synthetic data
(``make gallery``). They need the extra ``browser`` and a Chromium of the machine.
"""

import argparse
from io import BytesIO
from pathlib import Path

from PIL import Image

from loaders.connection import environment
from loaders.paths import project_root
from tests.browser import CHROMIUM, PAGES, address_of, chromium, look, served


def main() -> int:
    """Take a picture of each page; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m docs.pages", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=project_root() / "docs" / "assets" / "dashboard"
    )
    folder: Path = parser.parse_args().out
    if CHROMIUM is None:
        print("There is no Chromium here: no pictures of the dashboard.")
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    with served(environment()) as dashboard, chromium() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        for name in PAGES:
            look(page, address_of(dashboard, name))
            taken = Image.open(BytesIO(page.screenshot())).convert("RGB").resize((960, 750))
            # sixty-four colors are enough, and a third of the bytes
            taken.quantize(64).save(folder / f"{name}.png", optimize=True)
            print(f"  {name}.png")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
