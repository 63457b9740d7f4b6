"""May this policy be written for a consumer, or replayed, at all?

In: a policy. Out: nothing; an unsound policy is refused, with what is wrong and what would fix it.
"""

from __future__ import annotations

from costctl.documents.policy import Policy
from costctl.errors import InfeasibleError, InputError
from costctl.policy.checks import check_policy


def require_sound(policy: Policy) -> None:
    """Raise InfeasibleError where a class may leave its required data boundary, InputError where anything
    else is wrong with the policy.
    """
    findings = check_policy(policy)
    outside = [finding for finding in findings if finding.code == "outside_boundary"]
    if outside:
        raise InfeasibleError(
            "A required data boundary cannot be enforced.",
            why=" ".join(f"{finding.pointer}: {finding.message}" for finding in outside),
            next_step="Take the backend out of the class, or widen its data_boundary, in the policy.",
        )
    if findings:
        raise InputError(
            "The policy does not pass its checks.",
            why=" ".join(f"{finding.pointer}: {finding.message}" for finding in findings),
            next_step="Fix it; list all findings with: costctl policy check FILE.",
        )
