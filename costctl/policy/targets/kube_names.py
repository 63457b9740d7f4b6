"""What are the classes of a policy called in Kubernetes? Labels that no two share.

In: ids of classes. Out: by id, a DNS label: the id in lower case, with hyphens for what else stands in it; where two
would be spelled alike, or one is long or taken, it ends in digits of its own.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

_OTHER: Final = re.compile(r"[^a-z0-9]+")
_LONGEST: Final = (
    40  # characters, so that what is made of it and of a pool's name is no longer than a name may be
)


def labels_of(ids: Sequence[str], taken: frozenset[str] = frozenset()) -> dict[str, str]:
    """By id, its label. taken: labels that mean something else."""
    spelled = {each: _OTHER.sub("-", each.lower()).strip("-") for each in ids}
    counts = Counter(spelled.values())
    return {
        name: label if _is_free(label, counts, taken) else _with_digits(name, label)
        for name, label in spelled.items()
    }


def _is_free(label: str, counts: Counter[str], taken: frozenset[str]) -> bool:
    return bool(label) and counts[label] == 1 and label not in taken and len(label) <= _LONGEST


def _with_digits(name: str, label: str) -> str:
    digits = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{label[: _LONGEST - 9].strip('-')}-{digits}".lstrip("-")
