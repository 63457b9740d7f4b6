"""Write what the commands of a page print into it, wherever it shows output: ``python -m tests.docs.requote PAGE``.

For when a screen has changed on purpose; read the difference. From the checkout, on pages that need only the samples.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.docs.page_commands import ROOT, run_commands


def requote(page: Path) -> None:
    """The page with today's output in place of what it quotes, in the order of its commands."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sample_traces").symlink_to(ROOT / "sample_traces")
        ran = run_commands(page, Path(folder))
    text, at = page.read_text(encoding="utf-8"), 0
    for each in ran:
        at = text.index(f"$ {each.command}\n", at) + len(f"$ {each.command}\n")
        if each.quoted:
            text = text[:at] + each.printed + text[at + len(each.quoted) :]
    page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        requote(Path(name))
