"""How is a thing called in a policy? Names from traces and settings become ids that every consumer accepts.

In: any text. Out: an id; the same text gives the same id, and different texts different ids.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

_NOT_ALLOWED: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST: Final = 48


def identifier(text: str) -> str:
    """The text itself where it can be an id; else what is left of it, with eight digits of its SHA-256."""
    plain = _NOT_ALLOWED.sub("-", text)[:_LONGEST].strip("._-")
    if plain == text:
        return plain
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{plain}-{digest}" if plain else digest
