"""Which line of costctl.toml makes a candidate advice? As ``missing`` names it: ``classes.chat.deferrable = true``."""

from __future__ import annotations

import json
import re
from typing import Final

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def line_of(request_class: str, key: str, value: str) -> str:
    """The setting of a class. value: as TOML writes it.  A name that TOML does not take bare is quoted."""
    name = request_class if _BARE.fullmatch(request_class) else json.dumps(request_class, ensure_ascii=False)
    return f"classes.{name}.{key} = {value}"
