"""Which environment variable holds the address of each backend? Never one for two of them.

In: the backends of a policy, what every name ends in. Out: by id of a backend, the name of a variable: ASCII capitals,
digits and ``_``. A name that no other backend shares is the pool's own (``gpu-1``: ``GPU_1_API_BASE``, where names end
in ``API_BASE``); where two would be spelled alike, both end in digits of their own, so that a backend that is added
takes no other's variable over. Where a consumer knows hosts by name, the same in the words of DNS (``gpu-1``).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from costctl.documents.policy import Backend

_PLAIN: Final = re.compile(r"(?!AT_)[A-Z][A-Z0-9_]*")  # AT_ begins those that end in digits of their own
_OTHER: Final = re.compile(r"[^A-Za-z0-9]")
_HOST: Final = "ADDRESS"
_LONGEST_HOST: Final = (
    44  # characters, so that a name and what is added to it are no longer than a label of DNS (63)
)


def address_variables(
    backends: Sequence[Backend], suffix: str, taken: frozenset[str] = frozenset()
) -> dict[str, str]:
    """By id of a backend, its variable; the models of a pool share one. suffix: what every name ends in.  taken: names
    that mean something else.
    """
    owners = {backend.id: _owner(backend) for backend in backends}
    spelled = Counter(_spelled(owner) for owner in set(owners.values()))
    return {name: _variable(owner, spelled, suffix, taken) for name, owner in owners.items()}


def host_names(backends: Sequence[Backend]) -> dict[str, str]:
    """By id of a backend, the name of its host: a label of DNS. The models of a pool share one."""
    variables = address_variables(backends, _HOST)
    return {name: _host(variable.removesuffix(f"_{_HOST}")) for name, variable in variables.items()}


def _host(variable: str) -> str:
    label = variable.lower().replace("_", "-")
    if len(label) <= _LONGEST_HOST and not label.endswith("-"):
        return label
    digits = hashlib.sha256(label.encode()).hexdigest()[:8]
    return f"{label[: _LONGEST_HOST - 9].rstrip('-')}-{digits}"


def _owner(backend: Backend) -> tuple[str, ...]:
    """Whose address it is: the pool's, else that of a model at a provider in a region. The name comes first."""
    if backend.pool is not None:
        return (backend.pool,)
    return (backend.model or backend.id, backend.provider or "", backend.region or "")


def _variable(owner: tuple[str, ...], spelled: Mapping[str, int], suffix: str, taken: frozenset[str]) -> str:
    plain = _spelled(owner)
    variable = f"{plain}_{suffix}"
    if spelled[plain] == 1 and _PLAIN.fullmatch(plain) and variable not in taken:
        return variable
    digits = hashlib.sha256("\n".join(owner).encode()).hexdigest()[:8].upper()
    readable = re.sub("_+", "_", plain).strip("_")
    return f"AT_{readable}_{digits}_{suffix}".replace("__", "_")


def _spelled(owner: tuple[str, ...]) -> str:
    return _OTHER.sub("_", owner[0]).upper()
