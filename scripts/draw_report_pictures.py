"""Write docs/report.png and docs/report-phone.png: the weekly review of an invented shop. Run by ``make docs``.

In: nothing. The page is drawn by the Chromium that is installed, which may draw letters otherwise than another does, so
that no test holds the pictures to the page.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import ViewportSize, sync_playwright

from costctl.cli.app import main
from costctl.report.pdf import BROWSERS

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"
WIDE: Final[ViewportSize] = {"width": 1280, "height": 860}
PHONE: Final[ViewportSize] = {"width": 390, "height": 780}


def pictures() -> None:
    """By day on a screen, by night on a phone."""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for words in (
            ("synth", "shop", "--world", "shop"),
            ("report", "shop/requests.jsonl.gz", "--config", "shop/costctl.toml", "-o", "report.html"),
        ):
            main([*words, "--quiet"])
        page_at = (Path(folder) / "report.html").as_uri()
        browser_at = next(found for name in BROWSERS if (found := shutil.which(name)))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_at, args=["--no-sandbox"])
            day = browser.new_page(viewport=WIDE, color_scheme="light")
            day.goto(page_at)
            day.screenshot(path=DOCS / "report.png")
            night = browser.new_page(viewport=PHONE, color_scheme="dark", device_scale_factor=2)
            night.goto(page_at)
            night.screenshot(path=DOCS / "report-phone.png")
            browser.close()


if __name__ == "__main__":
    pictures()
