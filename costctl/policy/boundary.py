"""May a class's data go to a backend?

In: a data boundary and a backend. Out: None, or the reason why not. What a backend does not declare counts
as outside.
"""

from __future__ import annotations

from costctl.documents.policy import Backend, PolicyBoundary


def reason_outside(boundary: PolicyBoundary | None, backend: Backend) -> str | None:
    """Why the backend lies outside of the boundary, in words; None where it lies inside."""
    if boundary is None:
        return None
    for name, allowed, actual in (
        ("region", boundary.regions, backend.region),
        ("jurisdiction", boundary.jurisdictions, backend.jurisdiction),
        ("boundary", boundary.boundaries, backend.boundary),
    ):
        if allowed is not None and actual not in allowed:
            found = "is not declared" if actual is None else f"is {actual}"
            return f"its {name} {found}, and only {', '.join(allowed)} is allowed"
    return None
