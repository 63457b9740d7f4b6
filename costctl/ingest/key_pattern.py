"""Which keys do patterns such as ``llm.prompts.*`` mean?"""

from __future__ import annotations

import re
from collections.abc import Iterable


def key_pattern(keys: Iterable[str]) -> re.Pattern[str]:
    """A pattern that matches any of the keys in full; ``*`` stands for any run of characters."""
    return re.compile("|".join(re.escape(key).replace(r"\*", ".*") for key in keys), re.DOTALL)
