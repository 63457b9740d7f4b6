"""What are the rows of a cut called?"""

from __future__ import annotations

from typing import Final

from costctl.documents.cuts import ATTRIBUTE_PREFIX, CutRowKind
from costctl.render.cells import NOT_OBSERVED

_KINDS: Final[dict[CutRowKind, str]] = {
    "others": "all others",
    "no_call": "outside model calls",
    "not_observed": NOT_OBSERVED,
    "idle": "idle",
    "unattributed": "unattributed",
}
_NAMES: Final = {"key": "API key"}


def row_name(kind: CutRowKind, value: str | None) -> str:
    """The value, or what stands for want of one."""
    return value if kind == "value" and value is not None else _KINDS.get(kind, NOT_OBSERVED)


def cut_name(by: str) -> str:
    """What the cost is split by, in words."""
    return _NAMES.get(by, by.removeprefix(ATTRIBUTE_PREFIX))
