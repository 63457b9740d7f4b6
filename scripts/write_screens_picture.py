"""Write docs/screens.svg: what ``make demo`` shows, in colour. Run by ``make schemas``; a test keeps it in step.

In: the sample traces below the current folder, with their configuration. The picture names no font of the network.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from costctl.cli.app import main

PICTURE: Final = Path(__file__).resolve().parents[1] / "docs" / "screens.svg"
SAMPLE: Final = Path("sample_traces").resolve()
COMMANDS: Final = (("analyze", "../sample_traces/requests.jsonl.gz"), ("recommend",))
COLUMNS: Final = 100
FONTS: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
THEME: Final = TerminalTheme(
    (22, 27, 34),
    (201, 209, 217),
    [
        (72, 79, 88),
        (255, 123, 114),
        (63, 185, 80),
        (210, 153, 34),
        (88, 166, 255),
        (188, 140, 255),
        (57, 197, 207),
        (177, 186, 196),
    ],
)


def drawn(screens: list[tuple[str, str]]) -> str:
    """The picture of a terminal in which each command was typed and printed what it prints, colours as escapes."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, highlight=False)
    for command, printed in screens:
        console.print(Text("$ ", "bold green").append(command, "bold"))
        console.print(Text.from_ansi(printed.rstrip() + "\n"))
    return _with_own_fonts(console.export_svg(title="make demo", theme=THEME, unique_id="costctl"))


def screens() -> list[tuple[str, str]]:
    """Each command as it is typed in the folder of the demo, with what it prints on a terminal."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sample_traces").symlink_to(SAMPLE)
        demo = Path(folder) / "out"
        demo.mkdir()
        shutil.copy(SAMPLE / "costctl.toml", demo)
        with contextlib.chdir(demo):
            return [(f"costctl {' '.join(words)}", _printed(words)) for words in COMMANDS]


def _printed(words: tuple[str, ...]) -> str:
    shown = io.StringIO()
    os.environ.update(FORCE_COLOR="1", COLUMNS=str(COLUMNS))
    with contextlib.redirect_stdout(shown):
        code = main((*words, "--quiet"))
    if code:
        raise SystemExit(code)
    return shown.getvalue()


def _with_own_fonts(svg: str) -> str:
    """The drawing of rich, with fonts that a reader has in place of one to be fetched."""
    without = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    return without.replace("Fira Code, monospace", FONTS)


if __name__ == "__main__":
    PICTURE.write_text(drawn(screens()), encoding="utf-8")
