"""Where does each class go? Today's backends by their share; and what a data boundary makes of any placement.

In: one class of the analysis, the backends, its settings. Out: targets of today, one group for each model that the
class calls; then, of targets that may have been changed, those within the boundary, and the fallbacks.
"""

from __future__ import annotations

from dataclasses import dataclass

from costctl.documents.analysis import ClassReport
from costctl.documents.policy import Backend, Fallback, Placement, PolicyBoundary, PolicyEvidence, Target
from costctl.documents.settings import ClassSettings
from costctl.errors import InfeasibleError
from costctl.levers.boundary import reason_outside
from costctl.policy.backends import bought_id, bought_model
from costctl.policy.names import identifier

_WHOLE_WEIGHT = 100


@dataclass(frozen=True, slots=True)
class ModelTargets:
    """Where a class's calls of one model go. model None: the class calls one model only, or it is unknown."""

    model: str | None
    targets: tuple[Target, ...]


def targets_today(
    report: ClassReport, backends: tuple[Backend, ...], declared: ClassSettings
) -> tuple[tuple[ModelTargets, ...], PolicyEvidence]:
    """Targets by model in order of their names, and the evidence for them; none where the class calls no model."""
    groups: dict[str | None, list[tuple[Backend, float, str]]] = {}
    for used in _used_today(report, backends, declared):
        groups.setdefault(used[0].model, []).append(used)
    fact = PolicyEvidence(
        id=identifier(f"placement.{report.request_class}"),
        kind="measured",
        statement=f"Where the calls of {report.request_class} ran, by accelerator time or tokens.",
        samples=report.requests,
    )
    found = tuple(
        ModelTargets(model if len(groups) > 1 else None, _weighed(groups[model]))
        for model in sorted(groups, key=lambda name: name or "")
    )
    return found, fact


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
                f"Declare region, jurisdiction and boundary of that pool in the settings, "
                f"or allow them in [classes.{request_class}] boundary."
            ),
        )
    kept = inside or targets
    return Placement(
        targets=kept,
        fallback=_fallbacks([by_id[each.backend] for each in kept], backends, declared, boundary),
    )


def _used_today(
    report: ClassReport, backends: tuple[Backend, ...], declared: ClassSettings
) -> list[tuple[Backend, float, str]]:
    """Backends that the class's charges name: (backend, quantity, unit).

    A charge names the pool, not the model. In a pool with several models these are the allowed ones, or all.
    """
    quantities: dict[tuple[str, str, str], float] = {}
    for component in report.cost.components:
        if component.component in ("accelerator", "api_tokens"):
            is_bought = component.component == "api_tokens"
            resource = bought_model(component.resource) if is_bought else component.resource
            key = (component.component, resource, component.unit)
            quantities[key] = quantities.get(key, 0.0) + component.quantity
    used: list[tuple[Backend, float, str]] = []
    for (kind, resource, unit), quantity in sorted(quantities.items()):
        if kind == "api_tokens":
            used += [(backend, quantity, unit) for backend in backends if backend.id == bought_id(resource)]
            continue
        in_pool = [backend for backend in backends if backend.pool == resource]
        allowed = [backend for backend in in_pool if backend.model in declared.allowed_models]
        used += [(backend, quantity, unit) for backend in allowed or in_pool]
    return used


def _weighed(used: list[tuple[Backend, float, str]]) -> tuple[Target, ...]:
    """Whole per cents by quantity; equal where the units differ, since seconds and tokens do not compare."""
    total = sum(quantity for _, quantity, _ in used)
    if len({unit for _, _, unit in used}) > 1 or total <= 0:
        return tuple(Target(backend.id, 1) for backend, _, _ in used)
    return tuple(
        Target(backend.id, max(1, round(_WHOLE_WEIGHT * quantity / total))) for backend, quantity, _ in used
    )


def _fallbacks(
    targets: list[Backend],
    backends: tuple[Backend, ...],
    declared: ClassSettings,
    boundary: PolicyBoundary | None,
) -> tuple[Fallback, ...]:
    """Every other backend within the boundary with an allowed model; if none is named, with the same."""
    models = set(declared.allowed_models) or {backend.model for backend in targets} - {None}
    taken = {backend.id for backend in targets}
    return tuple(
        Fallback(backend=backend.id, on=("error", "timeout", "overload"))
        for backend in backends
        if backend.id not in taken
        and backend.model in models
        and backend.batching == targets[0].batching
        and reason_outside(boundary, backend) is None
    )
