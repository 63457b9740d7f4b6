"""Write docs/reference/formats.md: the tables from the code, what stands around them from here.

Run by ``make schemas``; a test keeps the page in step.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import msgspec

from costctl.ingest.mapping import built_in_mappings

FOLDER = Path(__file__).resolve().parents[1]
PAGE = FOLDER / "docs" / "reference" / "formats.md"
AROUND = Path(__file__).with_name("formats_page.md")
_TABLES = "<!-- tables -->\n"


def formats() -> dict[str, str]:
    """What is read of each format, by its name in the ingest report."""
    text = (files("costctl.ingest.formats") / "catalogue.toml").read_text("utf-8")
    return msgspec.toml.decode(text, type=dict[str, str])


def rendered() -> str:
    """The page."""
    before, after = AROUND.read_text(encoding="utf-8").split(_TABLES)
    parts = ["| format | what is read |", "|---|---|"]
    parts += [f"| `{name}` | {about} |" for name, about in formats().items()]
    parts += [
        "",
        "Request logs that need no mapping file:",
        "",
        "| mapping | what it is | known by |",
        "|---|---|---|",
    ]
    parts += [
        f"| `{name}` | {_about(name)} | {_marks(mapping.mark_sets)} |"
        for name, mapping in built_in_mappings().items()
    ]
    return before + "\n".join(parts) + "\n\n" + after


def _about(name: str) -> str:
    """The first comment of a mapping's file, without its sources."""
    lines = (files("costctl.ingest") / "mappings" / f"{name}.toml").read_text("utf-8").splitlines()
    end = next(at for at, line in enumerate(lines) if not line.startswith("#"))
    said = [line.removeprefix("#").strip() for line in lines[:end]]
    return " ".join(line for line in said if not line.startswith("http")).replace("|", "\\|")


def _marks(mark_sets: tuple[tuple[str, ...], ...]) -> str:
    return " or ".join(", ".join(f"`{mark}`" for mark in marks) for marks in mark_sets)


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
