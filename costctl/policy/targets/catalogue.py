"""For which consumers can a policy be written?

In: the name of a target, a policy. Out: an ``Emission``. "policy" stands for the document itself.
"""

from __future__ import annotations

import difflib
from typing import Final

from costctl.documents.policy import Policy
from costctl.errors import UsageError
from costctl.policy.ledger import Emission
from costctl.policy.targets.litellm import emit_litellm
from costctl.policy.targets.triton import emit_triton

TARGETS: Final = ("policy", "triton", "litellm")


def require_target(target: str) -> None:
    """Raise UsageError where there is no such target."""
    if target not in TARGETS:
        nearest = difflib.get_close_matches(target, TARGETS, n=1)
        hint = f" Did you mean {nearest[0]}?" if nearest else ""
        raise UsageError(
            f"There is no target {target!r}.{hint}",
            why=f"The targets are: {', '.join(TARGETS)}.",
            next_step="Name one of them with --target.",
        )


def emission_of(target: str, policy: Policy, backend: str | None) -> Emission:
    """The policy for a consumer; backend: which one to configure, for triton.

    Raises InfeasibleError where the consumer cannot enforce a required data boundary.
    """
    require_target(target)
    if target == "triton":
        return emit_triton(policy, backend)
    if backend is not None:
        raise UsageError(
            f"--backend means nothing to the target {target}.",
            why="Its file speaks of all backends.",
            next_step="Leave --backend out, or choose --target triton.",
        )
    return emit_litellm(policy)
