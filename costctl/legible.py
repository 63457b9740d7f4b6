"""How is a name shown that traces brought along? Characters that steer a terminal, or turn text around, as escapes.

Names of classes, models, teams and files are anyone's text. In: text. Out: the same, harmless where it is printed or
written into a file for people.
"""

from __future__ import annotations

import re
from typing import Final

# C0 and C1 controls but the tab and the line feed; separators of lines and paragraphs; marks that change the direction
# of text (Unicode 16.0, Bidi_Control); halves of surrogate pairs and noncharacters, which no file may hold.
_STEERING: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def legible(text: str) -> str:
    """The text with such characters spelled out: ``\\x1b``. Tabs and line feeds stay."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def in_one_line(text: str) -> str:
    """The same, with line feeds spelled out too, for what must not break a row."""
    return legible(text).replace("\n", "\\n")
