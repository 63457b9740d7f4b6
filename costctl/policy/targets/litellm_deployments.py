"""What stands in model_list? Each deployment with its upstream, its part of the limits, its weight and its tags.

In: the layout of the groups. Out: entries of model_list in the order of the file, as plain dicts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from costctl.documents.policy import Backend, PolicyClass
from costctl.levers.limits import limit_over_backend
from costctl.policy.targets.engine_order import order_told, place_told
from costctl.policy.targets.litellm_bought import bought_params
from costctl.policy.targets.litellm_groups import Group, Layout, Treatment, shares
from costctl.policy.targets.vllm_arguments import PRIORITY_HEADER

Yaml = dict[str, Any]
# What LiteLLM serves requests with that carry no tag of the group's own.
DEFAULT_TAG: Final = "default"
RATES: Final = (("requests_per_minute", "rpm"), ("tokens_per_minute", "tpm"))


@dataclass(frozen=True, slots=True)
class Deployment:
    """An entry of model_list before it is written. treatment: None where it only answers when another group fails.

    stands_in_for: treatments of its group that fall back to it.  order: 1 is asked first; None where all are.
    calls: that may come through it; None where unknown.
    """

    group: str
    backend: Backend
    treatment: Treatment | None
    is_default: bool
    calls: float | None
    stands_in_for: tuple[Treatment, ...] = ()
    order: int | None = None


def deployments_of(layout: Layout) -> list[Yaml]:
    """The entries of model_list: groups by name, each with its default first; then those that only stand in."""
    planned = list(planned_deployments(layout))
    together = limits_in_progress(planned)
    return [_written(layout, each, limit) for each, limit in zip(planned, together, strict=True)]


def planned_deployments(layout: Layout) -> Iterator[Deployment]:
    """Every deployment of the file, in its order."""
    for group in layout.groups:
        for place, treatment in enumerate(group.treatments):
            for name in treatment.targets:
                waiting = () if treatment.first.placement.fallback else group.stand_ins.get(name, ())
                yield Deployment(
                    group.name,
                    layout.backends[name],
                    treatment,
                    is_default=place == 0,
                    calls=treatment.calls_to(name),
                    stands_in_for=waiting,
                    order=(2 if waiting else 1) if group.stand_ins else None,
                )
    for name, backend in layout.only_fallbacks.items():
        calls = _calls_falling_back(layout, backend)
        yield Deployment(name, layout.backends[backend], None, is_default=True, calls=calls)


def limits_in_progress(planned: list[Deployment]) -> list[int | None]:
    """By deployment, the requests in progress that it may have: its share of what all of its pool may have together."""
    of_pool: dict[str, list[int]] = defaultdict(list)
    for place, each in enumerate(planned):
        of_pool[each.backend.pool or each.backend.id].append(place)
    found: list[int | None] = [None] * len(planned)
    for places in of_pool.values():
        calls = [planned[place].calls for place in places]
        for number, place in enumerate(places):
            limit = planned[place].backend.max_concurrency
            total = None if limit is None else limit_over_backend(limit, planned[place].backend.replicas)
            if total is not None:
                found[place] = shares(total, calls)[number]
    return found


def rate_shares(kind: PolicyClass, treatment: Treatment, rate: str) -> dict[str, int]:
    """By backend, its part of the class's limit of a rate, by weight; empty where there is none."""
    limit = None if kind.admission is None else getattr(kind.admission, rate)
    if limit is None:
        return {}
    weights = [float(weight) for weight in treatment.targets.values()]
    return dict(zip(treatment.targets, shares(limit, weights), strict=True))


def lane_told(layout: Layout, each: Deployment) -> int | None:
    """The place of the lane that a deployment tells its engine; None where the engine reads none, or its classes are of
    several lanes: LiteLLM tells all of them the same.
    """
    if each.treatment is None:
        return None
    order = order_told(layout.policy, (each.backend,))
    served = (each.treatment, *each.stands_in_for)
    places = {place_told(entry.kind, order) for treatment in served for entry in treatment.entries}
    return next(iter(places)) if len(places) == 1 else None


def _calls_falling_back(layout: Layout, backend: str) -> float | None:
    counts = [
        treatment.calls
        for group in layout.groups
        for treatment in group.treatments
        if any(fallback.backend == backend for fallback in treatment.first.placement.fallback)
    ]
    return None if None in counts else float(sum(count or 0 for count in counts))


def _written(layout: Layout, each: Deployment, in_progress: int | None) -> Yaml:
    upstream = layout.asked[each.backend.id]
    params: Yaml = {"model": upstream.model, **upstream.params}
    if each.backend.region is not None:
        params["region_name"] = each.backend.region
        if "aws_region_name" in params:
            params["aws_region_name"] = each.backend.region
    if in_progress is not None:
        params["max_parallel_requests"] = in_progress
    treatment = each.treatment
    if treatment is not None:
        if treatment.first.timeout_us is not None:
            params["timeout"] = treatment.first.timeout_us / 1e6
        for rate, key in RATES:
            parts = rate_shares(treatment.first, treatment, rate)
            if parts:
                params[key] = parts[each.backend.id]
        params.update(bought_params(treatment.first, upstream))
        place = lane_told(layout, each)
        if place is not None:
            params["extra_headers"] = {PRIORITY_HEADER: str(place)}
        if len(treatment.targets) > 1:
            params["weight"] = treatment.targets[each.backend.id]
    if each.order is not None:
        params["order"] = each.order
    if layout.is_tagged:
        params["tags"] = _tags(_group(layout, each.group), each)
    info: Yaml = {"id": deployment_id(layout, each)}
    mode = None if treatment is None else mode_of(treatment)
    if mode is not None:
        info["mode"] = mode
    if each.backend.answers_as is not None:
        # The name of a deployment and an ARN say nothing of the model, by which LiteLLM knows prices and limits.
        if upstream.model.startswith("azure/"):
            info["base_model"] = f"azure/{each.backend.answers_as}"
        elif upstream.model.partition("/")[2].startswith("converse/arn:"):
            info["base_model"] = each.backend.answers_as
    return {"model_name": each.group, "litellm_params": params, "model_info": info}


def mode_of(treatment: Treatment) -> str | None:
    """What LiteLLM checks the health of the deployment by; None for what generates, which it takes for granted."""
    operations = {entry.kind.match.operation for entry in treatment.entries}
    operation = next(iter(operations)) if len(operations) == 1 else None
    return operation[0] if operation in (("embedding",), ("rerank",)) else None


def deployment_id(layout: Layout, each: Deployment) -> str:
    """Unique in the file: the group, where it goes, and the classes where the group knows several ways."""
    at = each.backend.pool or each.backend.provider or "litellm"
    same = [
        it
        for it in layout.backends.values()
        if each.treatment is not None
        and it.id in each.treatment.targets
        and (it.pool, it.provider) == (each.backend.pool, each.backend.provider)
    ]
    where = at if len(same) <= 1 else each.backend.id
    group = _group(layout, each.group)
    if group is None or not group.is_tagged or each.treatment is None or each.is_default:
        return f"{each.group}@{where}"
    return f"{each.group}@{where}:{each.treatment.first.id}"


def _tags(group: Group | None, each: Deployment) -> list[str]:
    if group is None or not group.is_tagged or each.treatment is None:
        return [DEFAULT_TAG]
    served = (each.treatment, *each.stands_in_for)
    classes = sorted({entry.kind.request_class for treatment in served for entry in treatment.entries})
    return [*classes, DEFAULT_TAG] if each.is_default else classes


def _group(layout: Layout, name: str) -> Group | None:
    return next((group for group in layout.groups if group.name == name), None)
