"""What is a consumer of policies? A name, and what writes its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from costctl.documents.policy import Policy
from costctl.policy.ledger import Emission

Emit = Callable[[Policy, str | None], Emission]


@dataclass(frozen=True, slots=True)
class Target:
    """A consumer. emit: the policy, and the backend to configure where one was named → its files.

    takes_backend: its file is of one backend, which may be named; others are of all, and are given None.
    """

    name: str
    emit: Emit
    takes_backend: bool = False
