"""The pages of docs/ that are installed with costctl: which topics are there, and what does one say?

In: the name of a topic, which is that of its file: ``configuration``. Out: its page, as markdown. A wheel has the pages
in costctl/docs; a checkout beside the package.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from costctl.errors import UsageError

SECTIONS: Final[Mapping[str, str]] = {
    "how-to": "How to",
    "reference": "Reference",
    "explanation": "Explanation",
}
_CONTENTS: Final = "README"


@dataclass(frozen=True, slots=True)
class Topic:
    """A page. section: the folder it is in.  title: its first line."""

    name: str
    section: str
    title: str
    page: str


@cache
def topics() -> Mapping[str, Topic]:
    """Every topic by its name, in the order of sections and names."""
    found = {}
    for section in SECTIONS:
        for file in sorted((_docs() / section).iterdir(), key=lambda each: each.name):
            name, _, suffix = file.name.rpartition(".")
            if suffix == "md" and name != _CONTENTS:
                page = file.read_text(encoding="utf-8")
                found[name] = Topic(name, section, _title(page), page)
    return found


def topic(name: str) -> Topic:
    """The topic of that name. Raises UsageError, which names the nearest."""
    found = topics().get(name.lower())
    if found is not None:
        return found
    nearest = difflib.get_close_matches(name.lower(), topics(), n=1)
    hint = f" Did you mean {nearest[0]}?" if nearest else ""
    raise UsageError(
        f"There is no help on {name!r}.{hint}",
        why="It is neither a topic nor a command.",
        next_step="`costctl help` lists the topics, `costctl --help` the commands.",
    )


def _docs() -> Traversable:
    """The folder of the pages: in the package, else beside it."""
    installed = resources.files("costctl") / "docs"
    return installed if installed.is_dir() else Path(__file__).resolve().parents[1] / "docs"


def _title(page: str) -> str:
    """The heading, without the marks of markdown."""
    return page.splitlines()[0].lstrip("# ").replace("`", "")
