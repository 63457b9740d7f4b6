"""The page on paper, as a headless Chromium prints it.

In: the text of a page. Out: the bytes of a PDF. Nothing is loaded: the page has all of it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from costctl.errors import OutputError, UsageError

BROWSERS: Final = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
_MOST_S: Final = 120.0
_OPTIONS: Final = (
    "--headless",
    "--disable-gpu",
    "--no-sandbox",
    "--no-first-run",
    "--disable-extensions",
    "--disable-background-networking",
    "--no-pdf-header-footer",
)


def as_pdf(page: str) -> bytes:
    """The PDF. Raises UsageError where no Chromium is installed, OutputError where it prints nothing."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise UsageError(
            "No PDF can be made here.",
            why="It takes a Chromium, and none is on the PATH.",
            next_step="Install one (Debian: chromium), or write --format html and print it from a browser.",
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source, target = folder / "report.html", folder / "report.pdf"
        source.write_text(page, encoding="utf-8")
        command = [
            browser,
            *_OPTIONS,
            f"--user-data-dir={folder / 'profile'}",
            f"--print-to-pdf={target}",
            source.as_uri(),
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_MOST_S, check=False)
        except subprocess.TimeoutExpired as error:
            raise _not_printed(browser, f"It did not end within {_MOST_S:g} s.") from error
        if not target.is_file():
            raise _not_printed(browser, f"It ended with {done.returncode} and wrote nothing.")
        return target.read_bytes()


def _not_printed(browser: str, why: str) -> OutputError:
    return OutputError(
        f"{browser} did not print the page.",
        why=why,
        next_step="Write --format html and print it from a browser.",
    )
