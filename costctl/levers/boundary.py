"""May a class's data go there? The one rule, for pools and storage of the settings and for backends of a policy.

In: a data boundary and a place. Out: None, or the reason why not. What a place does not declare counts as outside.
"""

from __future__ import annotations

from costctl.documents.policy import Backend, PolicyBoundary
from costctl.documents.settings import ClassSettings, DataBoundary, Pool, Storage

Place = Pool | Storage | Backend


def reason_outside(boundary: DataBoundary | PolicyBoundary | None, place: Place) -> str | None:
    """Why the place lies outside of the boundary, in words; None where it lies inside. No list allows any."""
    if boundary is None:
        return None
    for name, allowed, actual in (
        ("region", boundary.regions, place.region),
        ("jurisdiction", boundary.jurisdictions, place.jurisdiction),
        ("boundary", boundary.boundaries, place.boundary),
    ):
        if allowed and actual not in allowed:
            found = "is not declared" if actual is None else f"is {actual}"
            return f"its {name} {found}, and only {', '.join(allowed)} is allowed"
    return None


def undeclared(boundary: DataBoundary | PolicyBoundary | None, place: Place) -> tuple[str, ...]:
    """What the place would have to declare for it to be known whether it lies inside; none where that is known."""
    if boundary is None:
        return ()
    facts = (
        ("region", boundary.regions, place.region),
        ("jurisdiction", boundary.jurisdictions, place.jurisdiction),
        ("boundary", boundary.boundaries, place.boundary),
    )
    if any(allowed and actual is not None and actual not in allowed for _, allowed, actual in facts):
        return ()
    return tuple(name for name, allowed, actual in facts if allowed and actual is None)


def must_leave(boundary: DataBoundary | None, place: Place) -> bool:
    """Whether a required boundary forbids the place for what it declares."""
    is_required = boundary is not None and boundary.enforcement == "required"
    return is_required and reason_outside(boundary, place) is not None and not undeclared(boundary, place)


def may_serve(declared: ClassSettings, pool: Pool) -> bool:
    """Whether the class allows a model of the pool, and its data may go there."""
    allows_model = bool(set(declared.allowed_models) & set(pool.models))
    return allows_model and reason_outside(declared.boundary, pool) is None
