"""What is a consumer of policies? A name, and what writes its file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from costctl.documents.policy import Policy
from costctl.errors import UsageError
from costctl.policy.ledger import Emission

Emit = Callable[[Policy, str | None], Emission]


@dataclass(frozen=True, slots=True)
class Target:
    """A consumer. emit: the policy, and the backend to configure where one was named → its files."""

    name: str
    emit: Emit


def of_all_backends(name: str, emit: Callable[[Policy], Emission]) -> Emit:
    """What writes a file that speaks of all backends: naming one is refused."""

    def written(policy: Policy, backend: str | None) -> Emission:
        if backend is not None:
            raise UsageError(
                f"--backend means nothing to the target {name}.",
                why="Its file speaks of all backends.",
                next_step="Leave --backend out, or choose --target triton.",
            )
        return emit(policy)

    return written
