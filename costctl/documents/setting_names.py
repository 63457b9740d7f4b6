"""How does a setting stand in costctl.toml? Names that TOML does not take bare are quoted.

In: names as traces and settings have them. Out: keys that can be pasted: ``classes."nightly jobs".slo.e2e_p95``.
"""

from __future__ import annotations

import json
import re
from typing import Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_DEL: Final = "\x7f"  # the one control character that JSON writes as it is and TOML refuses


def toml_key(name: str) -> str:
    """A name as a part of a key."""
    return name if _BARE.fullmatch(name) else toml_text(name)


def toml_text(value: str) -> str:
    """A text as a basic string of TOML."""
    return json.dumps(value, ensure_ascii=False).replace(_DEL, "\\u007f")
