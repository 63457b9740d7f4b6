"""What is a consumer of policies? A name, and what writes its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from costctl.documents.policy import Backend, Policy
from costctl.policy.ledger import Emission
from costctl.policy.reading import read_yaml

Emit = Callable[[Policy, str | None], Emission]
Read = Callable[[str], Any]
Suits = Callable[[Backend], bool]


def is_own(backend: Backend) -> bool:
    """Whether a backend is a pool of one's own, and not a provider's."""
    return backend.pool is not None


@dataclass(frozen=True, slots=True)
class Target:
    """A consumer. emit: the policy, and the backend to configure where one was named → its files.

    takes_backend: its file is of one backend, which may be named; others are of all, and are given None.  suits: which
    backends such a file may be of.  read: such a
    file as dicts, lists and scalars, to compare two; raises ValueError. YAML, which JSON is too, where nothing is said.
    form: the format of its file, where the suffix of a name says it, such as yaml.
    """

    name: str
    emit: Emit
    takes_backend: bool = False
    suits: Suits = is_own
    read: Read = read_yaml
    form: str | None = None
