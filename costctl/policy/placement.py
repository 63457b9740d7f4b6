"""Where does each class go? Today's backends by their share; and what a data boundary makes of any placement.

In: the routes of a class, the backends, its settings. Out: targets of today, one group for each name that the class
asks for; then, of targets that may have been changed, those within the boundary, and the fallbacks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from costctl.documents.policy import Backend, Fallback, Placement, PolicyBoundary, Target
from costctl.documents.setting_names import toml_key
from costctl.documents.settings import ClassSettings
from costctl.errors import InfeasibleError
from costctl.levers.boundary import reason_outside
from costctl.policy.backends import bought_id
from costctl.policy.routes import Place, Route, Routes

_WHOLE_WEIGHT = 100


@dataclass(frozen=True, slots=True)
class RouteTargets:
    """Where a class's calls of one route go."""

    route: Route
    targets: tuple[Target, ...]
    calls: int


def targets_today(
    request_class: str, routes: Routes, backends: tuple[Backend, ...], declared: ClassSettings
) -> tuple[RouteTargets, ...]:
    """Targets by route in order of their names; none where the class calls no model that answers.

    The weights are of the calls of all classes that ask for the same and reach the same backends: a balancer does not
    know classes.
    """
    return tuple(
        RouteTargets(
            route,
            _weighed(_calls_like(route, routes), backends, declared),
            sum(route.calls.values()),
        )
        for route in routes.by_class.get(request_class, ())
    )


def placement_within(
    request_class: str,
    targets: tuple[Target, ...],
    backends: tuple[Backend, ...],
    declared: ClassSettings,
    boundary: PolicyBoundary | None,
) -> Placement:
    """The targets within the boundary, and fallbacks within it. Of an advisory boundary, all where none is within.

    Raises InfeasibleError where a required boundary leaves the class nowhere to go.
    """
    by_id = {backend.id: backend for backend in backends}
    inside = tuple(each for each in targets if reason_outside(boundary, by_id[each.backend]) is None)
    if not inside and boundary is not None and boundary.enforcement == "required":
        backend = by_id[targets[0].backend]
        raise InfeasibleError(
            f"The class {request_class} has nowhere to go within its data boundary.",
            why=f"It would be served by {backend.id}, and {reason_outside(boundary, backend)}.",
            next_step=(
                f"Declare region, jurisdiction, boundary and keeps of that pool or provider in the settings, "
                f"or allow them in [classes.{toml_key(request_class)}] boundary or the classification of its data."
            ),
        )
    kept = inside or targets
    return Placement(
        targets=kept,
        fallback=_fallbacks([by_id[each.backend] for each in kept], backends, declared, boundary),
    )


def _calls_like(route: Route, routes: Routes) -> Mapping[Place, int]:
    """Calls by place of all routes of these names to the same places."""
    calls: dict[Place, int] = defaultdict(int)
    for others in routes.by_class.values():
        for other in others:
            if other.names[:1] == route.names[:1] and set(other.calls) == set(route.calls):
                for place, number in other.calls.items():
                    calls[place] += number
    return calls


def _weighed(
    calls: Mapping[Place, int], backends: tuple[Backend, ...], declared: ClassSettings
) -> tuple[Target, ...]:
    """Whole per cents of the calls. Of a pool with several models, where neither request nor answer names one of them,
    those that the class allows take them, or all.
    """
    counts: dict[str, float] = defaultdict(float)
    for place, number in sorted(calls.items(), key=str):
        taking = [each for each in backends if _is_at(each, place)]
        allowed = [each for each in taking if each.model in declared.allowed_models]
        for each in allowed or taking:
            counts[each.id] += number / len(allowed or taking)
    total = sum(counts.values())
    return tuple(
        Target(each.id, max(1, round(_WHOLE_WEIGHT * counts[each.id] / total)))
        for each in backends
        if each.id in counts
    )


def _is_at(backend: Backend, place: Place) -> bool:
    if place.pool is None:
        return backend.id == bought_id(place)
    return backend.pool == place.pool and place.model in (None, backend.model)


def _fallbacks(
    targets: list[Backend],
    backends: tuple[Backend, ...],
    declared: ClassSettings,
    boundary: PolicyBoundary | None,
) -> tuple[Fallback, ...]:
    """Every other backend within the boundary with an allowed model; if none is named, with the same."""
    same = {name for backend in targets for name in (backend.model, backend.answers_as)} - {None}
    models = set(declared.allowed_models) or same
    taken = {backend.id for backend in targets}
    return tuple(
        Fallback(backend=backend.id, on=("error", "timeout", "overload"))
        for backend in backends
        if backend.id not in taken
        and not models.isdisjoint({backend.model, backend.answers_as} - {None})
        and backend.batching == targets[0].batching
        and reason_outside(boundary, backend) is None
    )
