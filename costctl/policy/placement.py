"""Where does each class go? Today's backends by their share, moved where that was recommended.

In: one class of the analysis, the backends, its settings and the recommended changes. Out: groups, one for
each model that the class calls, with targets and fallbacks that lie within its data boundary.
"""

from __future__ import annotations

from dataclasses import dataclass

from costctl.documents.analysis import ClassReport
from costctl.documents.policy import Backend, Fallback, PolicyBoundary, PolicyEvidence, Target
from costctl.documents.settings import ClassSettings
from costctl.errors import InfeasibleError, InputError
from costctl.policy.backends import bought_id, bought_model
from costctl.policy.boundary import reason_outside
from costctl.policy.changes import PlacementChange
from costctl.policy.names import identifier

_WHOLE_WEIGHT = 100


@dataclass(frozen=True, slots=True)
class ModelPlacement:
    """Where a class's calls of one model go. model None: the class calls one model only, or it is unknown."""

    model: str | None
    targets: tuple[Target, ...]
    fallback: tuple[Fallback, ...]
    target_evidence: tuple[str, ...]


def placements_of(
    report: ClassReport,
    backends: tuple[Backend, ...],
    declared: ClassSettings,
    boundary: PolicyBoundary | None,
    change: PlacementChange | None,
) -> tuple[tuple[ModelPlacement, ...], tuple[PolicyEvidence, ...]]:
    """Placements by model in order of their names, and their evidence; none where the class calls no model.

    Raises InfeasibleError where a required data boundary leaves the class nowhere to go, InputError where a
    recommended pool is unknown.
    """
    groups: dict[str | None, list[tuple[Backend, float, str]]] = {}
    for used in _used_today(report, backends, declared):
        groups.setdefault(used[0].model, []).append(used)
    fact = PolicyEvidence(
        id=identifier(f"placement.{report.request_class}"),
        kind="measured",
        statement=f"Where the calls of {report.request_class} ran, by accelerator time or tokens.",
        samples=report.requests,
    )
    placements = []
    for model in sorted(groups, key=lambda name: name or ""):
        weighed = _weights(groups[model])
        ids: tuple[str, ...] = (fact.id,)
        if change is not None:
            weighed, is_moved = _moved(weighed, change, backends, declared)
            ids = change.evidence if is_moved else ids
        targets = _within(report.request_class, weighed, boundary)
        placements.append(
            ModelPlacement(
                model=model if len(groups) > 1 else None,
                targets=tuple(Target(backend=backend.id, weight=weight) for backend, weight in targets),
                fallback=_fallbacks([backend for backend, _ in targets], backends, declared, boundary),
                target_evidence=ids,
            )
        )
    is_fact_used = any(fact.id in placement.target_evidence for placement in placements)
    return tuple(placements), (fact,) if is_fact_used else ()


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


def _weights(used: list[tuple[Backend, float, str]]) -> list[tuple[Backend, int]]:
    """Whole per cents by quantity; equal where the units differ, since seconds and tokens do not compare."""
    total = sum(quantity for _, quantity, _ in used)
    if len({unit for _, _, unit in used}) > 1 or total <= 0:
        return [(backend, 1) for backend, _, _ in used]
    return [(backend, max(1, round(_WHOLE_WEIGHT * quantity / total))) for backend, quantity, _ in used]


def _moved(
    weighed: list[tuple[Backend, int]],
    change: PlacementChange,
    backends: tuple[Backend, ...],
    declared: ClassSettings,
) -> tuple[list[tuple[Backend, int]], bool]:
    """The targets after the move, and whether it touches this group."""
    leaving = [pair for pair in weighed if change.from_pool is None or pair[0].pool == change.from_pool]
    if not leaving:
        return weighed, False
    models = {backend.model for backend, _ in leaving}
    arriving = [
        backend
        for backend in backends
        if backend.pool == change.to_pool
        and (backend.model in declared.allowed_models or backend.model in models)
    ]
    if not arriving:
        raise InputError(
            f"The recommended move to the pool {change.to_pool} cannot be written into a policy.",
            why="No model in that pool is the one in use, or allowed for the class.",
            next_step=f"Declare models in [pools.{change.to_pool}], or allowed_models of the class.",
        )
    staying = [pair for pair in weighed if pair not in leaving and pair[0].pool != change.to_pool]
    joined = sum(weight for _, weight in weighed) - sum(weight for _, weight in staying)
    return [*staying, (arriving[0], joined)], True


def _within(
    request_class: str, weighed: list[tuple[Backend, int]], boundary: PolicyBoundary | None
) -> list[tuple[Backend, int]]:
    """Targets within the boundary; all of them where none is and the boundary is only advisory."""
    inside = [pair for pair in weighed if reason_outside(boundary, pair[0]) is None]
    if inside or boundary is None or boundary.enforcement == "advisory":
        return inside or weighed
    backend = weighed[0][0]
    raise InfeasibleError(
        f"The class {request_class} has nowhere to go within its data boundary.",
        why=f"It is served by {backend.id} today, and {reason_outside(boundary, backend)}.",
        next_step=(
            f"Declare region, jurisdiction and boundary of that pool in the settings, "
            f"or allow them in [classes.{request_class}] boundary."
        ),
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
