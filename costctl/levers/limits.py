"""How many are allowed in one replica, and how many over all replicas of a backend? The two readings of a limit.

In: a limit of a policy, the replicas of the backend. Out: a whole number, or None where the limit cannot be told so.
Emitters and the replay ask here and nowhere else, so that they agree.
"""

from __future__ import annotations

from costctl.documents.policy import AtMost, Limit


def limit_per_replica(limit: Limit, replicas: int | None) -> int | None:
    """What each replica may hold: together no more than the limit says, but one at least. replicas: None is not known.

    None for a limit that is no number, is counted over callers or over everything, or over replicas that nobody counts.
    """
    if not isinstance(limit, AtMost):
        return None
    if limit.scope == "per_replica":
        return limit.value
    if limit.scope == "per_backend" and replicas is not None:
        return max(1, limit.value // replicas)
    return None


def limit_over_backend(limit: Limit, replicas: int | None) -> int | None:
    """What all replicas of a backend may hold together; None as for ``limit_per_replica``."""
    if not isinstance(limit, AtMost):
        return None
    if limit.scope == "per_backend":
        return limit.value
    if limit.scope == "per_replica" and replicas is not None:
        return limit.value * replicas
    return None
