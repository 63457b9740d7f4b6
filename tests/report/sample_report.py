"""The weekly review of the sample, and the same with names that mean harm."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from costctl.documents.report import Report

HOSTILE: Final = (
    "<script>document.title='owned'</script>",
    '=HYPERLINK("http://x","y")',
    "\x1b[31mred\x1b]0;owned\x07",
    "\u202eevil\u2066",
    "'\"><img src=x onerror=alert(1)>",
    "a|b `c` <!-- d --> ]]>",
    "long " * 2_000,
)


def renamed(report: Report, names: dict[str, str]) -> Report:
    """The report with classes, pools and models called otherwise, wherever they stand."""
    return msgspec.convert(_renamed(msgspec.to_builtins(report), names), Report)


def _renamed(value: object, names: dict[str, str]) -> object:
    match value:
        case dict():
            return {key: _renamed(each, names) for key, each in value.items()}
        case list() | tuple():
            return [_renamed(each, names) for each in value]
        case str():
            return names.get(value, value)
        case _:
            return value


def with_hostile_names(report: Report) -> Report:
    """Every class, pool and tier has a name that means harm."""
    known = [
        *(each.request_class for each in report.analysis.classes),
        *(each.pool for each in report.analysis.pools),
    ]
    return renamed(
        report, {name: HOSTILE[place % len(HOSTILE)] + str(place) for place, name in enumerate(known)}
    )


def saved(folder: Path, text: str) -> Path:
    """A page as a file."""
    path = folder / "report.html"
    path.write_text(text, encoding="utf-8")
    return path
