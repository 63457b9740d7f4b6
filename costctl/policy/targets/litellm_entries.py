"""What becomes of each value of a policy in LiteLLM's file? The entries of its manifest.

In: a ledger of the policy, the layout of the groups, model_list. Out: nothing; the ledger has an entry for each value.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from costctl.documents.policy import PolicyClass
from costctl.policy.ledger import Ledger
from costctl.policy.targets.litellm_bought import say_bought
from costctl.policy.targets.litellm_deployments import (
    RATES,
    Yaml,
    lane_told,
    planned_deployments,
    rate_shares,
)
from costctl.policy.targets.litellm_groups import Group, Layout, Treatment
from costctl.policy.targets.litellm_providers import NoUpstream, Upstream
from costctl.policy.targets.litellm_router import LIST_OF_CAUSE, LONGEST_WAIT_S, group_retries, group_sticks
from costctl.policy.targets.vllm_arguments import PRIORITY_HEADER

_NAME: Final = "model_list[].model_name"
_OF_DEPLOYMENTS: Final = (
    "retries",
    "backoff_us",
    "timeout_us",
    "prompt_cache",
    "affinity",
    "service_tier",
    "response_cache",
    "caps",
)
_ALIKE: Final = "LiteLLM falls back on every failure alike."
_NOT_BY_ORDER: Final = (
    "LiteLLM tries the next order of a group on other failures only; the policy places another class there."
)
_NO_ORDER: Final = (
    "LiteLLM orders only what waits while no deployment is well, by a number that the caller sends; classes of one "
    "deployment that are of several lanes are not told apart."
)
_BY_ENGINES: Final = (
    "LiteLLM serves who came first; engines of vLLM put in order what they have. A request that has extra_headers of "
    "its own sends those."
)
_TOLD: Final = f"litellm_params.extra_headers {PRIORITY_HEADER}"
_WAITS: Final = (
    "LiteLLM has one least wait for all groups, in whole seconds. It waits where no other deployment of the group is "
    "well, as long as Retry-After says where a provider does, and never longer than MAX_RETRY_DELAY "
    f"({LONGEST_WAIT_S} s)."
)


def say_all(ledger: Ledger, layout: Layout, deployments: list[Yaml]) -> None:
    """Every value of the policy."""
    for number, reason in layout.left_out.items():
        ledger.unsupported(f"/classes/{number}/placement", reason)
        ledger.unsupported(f"/classes/{number}/id", reason)
        ledger.unsupported(f"/classes/{number}/match", reason)
    for group in layout.groups:
        for treatment in group.treatments:
            for entry in treatment.entries:
                _say_class(ledger, layout, group, treatment, entry.number, entry.kind)
    _say_lanes(ledger, layout)
    for number in range(len(layout.policy.classes)):
        _say_what_has_no_word(ledger, number, layout.policy.classes[number])
    _say_backends(ledger, layout, deployments)
    ledger.provenance()
    ledger.unsupported("/default_class", "LiteLLM refuses a request for a name that it does not have.")


def _say_class(
    ledger: Ledger, layout: Layout, group: Group, treatment: Treatment, number: int, kind: PolicyClass
) -> None:
    here = f"/classes/{number}"
    ledger.not_applicable(f"{here}/id", f"Clients ask for {group.name}, as they do today.")
    if ledger.has(f"{here}/match/model"):
        ledger.exact(f"{here}/match/model/0", _NAME)
        ledger.exact(f"{here}/match/model", "router_settings.model_group_alias")
    if ledger.has(f"{here}/match/operation"):
        ledger.exact(f"{here}/match/operation", "model_info.mode")
    if group.is_tagged:
        ledger.exact(f"{here}/request_class", "litellm_params.tags")
        ledger.approximated(
            f"{here}/match",
            "LiteLLM reads the class from the header x-litellm-tags: the edge must set it.",
            "litellm_params.tags",
        )
    else:
        ledger.not_applicable(f"{here}/request_class", "Its name in the analysis.")
        ledger.not_applicable(f"{here}/match", f"Every class that asks for {group.name} is served alike.")
    _say_targets(ledger, layout, treatment, number, kind)
    _say_fallbacks(ledger, layout, group, treatment, number, kind)
    if kind.retries is not None:
        _say_retries(ledger, group, number, kind.retries)
    if kind.backoff_us is not None:
        ledger.approximated(f"{here}/backoff_us", _WAITS, "router_settings.retry_after")
    if kind.timeout_us is not None:
        ledger.exact(f"{here}/timeout_us", "litellm_params.timeout, in seconds")
    asked = [layout.upstreams[name] for name in treatment.targets]
    upstreams = [each for each in asked if isinstance(each, Upstream)]
    say_bought(ledger, number, kind, upstreams, group_sticks=group_sticks(group))
    for rate, key in RATES:
        parts = rate_shares(kind, treatment, rate)
        if len(parts) == 1:
            ledger.exact(f"{here}/admission/{rate}", f"litellm_params.{key}")
        elif parts:
            reason = f"Each deployment counts by itself: shared by weight, {_listed(parts.values())}."
            ledger.approximated(f"{here}/admission/{rate}", reason, f"litellm_params.{key}")


def _say_targets(
    ledger: Ledger, layout: Layout, treatment: Treatment, number: int, kind: PolicyClass
) -> None:
    for place, target in enumerate(kind.placement.targets):
        pointer = f"/classes/{number}/placement/targets/{place}"
        upstream = layout.upstreams[target.backend]
        if isinstance(upstream, NoUpstream):
            ledger.unsupported(pointer, upstream.reason)
            continue
        ledger.exact(f"{pointer}/backend", "model_list[].litellm_params.model")
        is_alone = len(treatment.targets) == 1
        ledger.exact(
            f"{pointer}/weight",
            "the only deployment" if is_alone else "model_list[].litellm_params.weight",
        )


def _say_fallbacks(
    ledger: Ledger, layout: Layout, group: Group, treatment: Treatment, number: int, kind: PolicyClass
) -> None:
    here = f"/classes/{number}/placement/fallback"
    is_shared = any(it.first.placement.fallback != kind.placement.fallback for it in group.treatments)
    for place, fallback in enumerate(kind.placement.fallback):
        pointer = f"{here}/{place}"
        upstream = layout.upstreams[fallback.backend]
        if isinstance(upstream, NoUpstream):
            ledger.unsupported(pointer, upstream.reason)
            continue
        if treatment in group.stand_ins.get(fallback.backend, ()):
            ledger.exact(f"{pointer}/backend", "litellm_params.order")
            for at, cause in enumerate(fallback.on):
                if LIST_OF_CAUSE[cause] == "fallbacks":
                    ledger.approximated(f"{pointer}/on/{at}", _ALIKE, "litellm_params.order")
                else:
                    ledger.unsupported(f"{pointer}/on/{at}", _NOT_BY_ORDER)
            continue
        ledger.exact(f"{pointer}/backend", f"the group {layout.fallback_group[group.name, fallback.backend]}")
        for at, cause in enumerate(fallback.on):
            written = f"router_settings.{LIST_OF_CAUSE[cause]}"
            if is_shared:
                reason = f"LiteLLM falls back by group: other classes that ask for {group.name} do so too."
                ledger.approximated(f"{pointer}/on/{at}", reason, written)
            elif LIST_OF_CAUSE[cause] == "fallbacks":
                ledger.approximated(f"{pointer}/on/{at}", _ALIKE, written)
            else:
                ledger.exact(f"{pointer}/on/{at}", written)
    if not kind.placement.fallback and ledger.has(here):
        ledger.exact(here, "no fallback for it")


def _say_retries(ledger: Ledger, group: Group, number: int, retries: int) -> None:
    pointer = f"/classes/{number}/retries"
    written = f"router_settings.model_group_retry_policy.{group.name}"
    fewest = group_retries(group)
    said = {each.retries for each in group.kinds}
    if fewest is not None and fewest != retries:
        ledger.rounded(pointer, retries, fewest, written)
    elif len(said) == 1:
        ledger.exact(pointer, written)
    else:
        ledger.approximated(pointer, "LiteLLM retries by group: its other classes retry as often.", written)


def _say_lanes(ledger: Ledger, layout: Layout) -> None:
    """Those that a class of it tells its engines, wherever it is sent first; and the others."""
    planned = list(planned_deployments(layout))
    told: dict[int, list[bool]] = {}
    for each in planned:
        for entry in () if each.treatment is None else each.treatment.entries:
            told.setdefault(entry.number, []).append(lane_told(layout, each) is not None)
    carried = {number for number, found in told.items() if all(found)}
    for number in range(len(layout.policy.classes)):
        if number in carried:
            ledger.approximated(f"/classes/{number}/lane", _BY_ENGINES, _TOLD)
        elif any(told.get(number, ())):
            ledger.approximated(
                f"/classes/{number}/lane", f"{_BY_ENGINES} Not all that it is sent to.", _TOLD
            )
        else:
            ledger.unsupported(f"/classes/{number}/lane", _NO_ORDER)
    lanes = {layout.policy.classes[number].lane for number, found in told.items() if any(found)}
    for index, lane in enumerate(layout.policy.lanes):
        if lane.id in lanes:
            ledger.approximated(f"/lanes/{index}", _BY_ENGINES, f"{_TOLD}: {index}, the lowest first")
        else:
            ledger.unsupported(f"/lanes/{index}", _NO_ORDER)


def _say_what_has_no_word(ledger: Ledger, number: int, kind: PolicyClass) -> None:
    here = f"/classes/{number}"
    if ledger.has(f"{here}/data_boundary"):
        is_required = kind.data_boundary is not None and kind.data_boundary.enforcement == "required"
        ledger.exact(
            f"{here}/data_boundary",
            "every deployment of the file lies within"
            if is_required
            else "the deployments of the class lie within",
        )
    for part, reason in (
        ("queue", "LiteLLM has no bounded queue."),
        ("admission", "LiteLLM does not bound a class's requests in progress."),
        ("defer", "LiteLLM sends what it gets at once: the callers, or a job queue, must wait."),
        *((part, "No deployment answers the class.") for part in _OF_DEPLOYMENTS),
    ):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(f"{here}/{part}", reason)
    ledger.not_applicable(f"{here}/request_class", "Its name in the analysis.")


def _say_backends(ledger: Ledger, layout: Layout, deployments: list[Yaml]) -> None:
    planned = list(planned_deployments(layout))
    for number, backend in enumerate(layout.policy.backends):
        here = f"/backends/{number}"
        upstream = layout.upstreams[backend.id]
        if isinstance(upstream, NoUpstream):
            ledger.unsupported(f"{here}/id", upstream.reason)
        elif backend.id not in layout.asked:
            ledger.not_applicable(here, "No class of the policy goes to it.")
            continue
        elif upstream.is_named_by_model:
            reason = "The provider was not observed; the model's name begins with LiteLLM's word for one."
            ledger.approximated(f"{here}/model", reason, "litellm_params.model")
        for part, written in (
            ("pool", "litellm_params.api_base"),
            ("provider", "litellm_params.model"),
            ("model", "litellm_params.model"),
            ("region", "litellm_params.region_name"),
        ):
            if ledger.has(f"{here}/{part}") and backend.id in layout.asked:
                ledger.exact(f"{here}/{part}", written)
        mine = [
            given["litellm_params"].get("max_parallel_requests")
            for each, given in zip(planned, deployments, strict=True)
            if each.backend.id == backend.id
        ]
        _say_in_progress(ledger, here, backend.replicas, [limit for limit in mine if limit is not None])
        if ledger.has(f"{here}/routing"):
            ledger.unsupported(
                f"{here}/routing",
                "LiteLLM does not see the replicas of a pool: for the router in front of them.",
            )
        for part in ("replicas", "schedule", "start_up_us"):
            if f"/{part}" in backend.why and ledger.has(f"{here}/{part}"):
                ledger.unsupported(f"{here}/{part}", "For whoever starts replicas; LiteLLM starts none.")
        for part in ("batch", "batching", "max_concurrency"):
            if ledger.has(f"{here}/{part}"):
                ledger.not_applicable(f"{here}/{part}", "For the server behind the proxy.")
        ledger.not_applicable(here, "Says what stands behind the proxy; LiteLLM has no place for it.")


def _say_in_progress(ledger: Ledger, here: str, replicas: int | None, limits: list[int]) -> None:
    """A limit of a pool is given to its deployments in parts, since LiteLLM counts each by itself."""
    pointer = f"{here}/max_concurrency"
    if limits:
        ledger.approximated(
            pointer,
            f"LiteLLM counts each deployment in each proxy process by itself; the pool's are given {_listed(limits)}.",
            "litellm_params.max_parallel_requests",
        )
    elif replicas is None and ledger.has(pointer):
        ledger.unsupported(pointer, "The policy does not say how many replicas there are.")


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(str(number) for number in numbers)
