"""How do suggested settings get into a file that is there already? Behind what it says, of which no byte is changed.

In: the text of the file, its settings, and what the traces show. Out: the text with the blocks that it lacks, the same
text where it lacks none. A block is there where the file has its table, or its first line, also as a comment.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from costctl.documents.settings import Settings
from costctl.proposal.blocks import ABOUT, Block, Kind, blocks, title
from costctl.proposal.found import Found


@dataclass(frozen=True, slots=True)
class Merged:
    """text: of the whole file.  added: the blocks that are new in it."""

    text: str
    added: tuple[Block, ...]


def merged(text: str, settings: Settings, found: Found) -> Merged:
    """The text with what it lacks. text: "" for a file that is not there yet."""
    declared: dict[Kind, Container[str]] = {"pool": settings.pools, "class": settings.classes, "rate": ()}
    lines = [line.lstrip("# \t") for line in text.split("\n")]  # as TOML ends lines
    added = tuple(
        block
        for block in blocks(found)
        if block.name not in declared[block.kind] and not any(line.startswith(block.head) for line in lines)
    )
    if text.strip() and not added:
        return Merged(text, ())
    return Merged(_before(text) + _in_the_style_of(text, _new(found, added)), added)


def _new(found: Found, added: tuple[Block, ...]) -> str:
    return "\n".join((title(found), *(f"{block.text}\n" for block in added)))


def _before(text: str) -> str:
    """What the file says, and an empty line after it."""
    if not text.strip():
        return f"{text}{ABOUT}\n"
    return text + _in_the_style_of(text, "\n" if text.endswith("\n") else "\n\n")


def _in_the_style_of(text: str, new: str) -> str:
    return new.replace("\n", "\r\n") if "\r\n" in text else new
