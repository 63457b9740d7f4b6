"""What does LiteLLM's file say of how tokens are bought? Prompt caches, tiers, answers that are kept, and who sticks.

In: a class of the policy, how LiteLLM asks a backend. Out: entries of litellm_params, router_settings and
litellm_settings; and what becomes of each of these values in the manifest. Names as in LiteLLM 1.103.7: cache points
litellm/types/integrations/anthropic_cache_control_hook.py, stickiness
router_utils/pre_call_checks/deployment_affinity_check.py, cache of answers caching/caching.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from costctl.documents.policy import PolicyClass
from costctl.levers.boundary import limits_keeping
from costctl.policy.ledger import Ledger
from costctl.policy.targets.litellm_providers import Provider, Upstream, providers
from costctl.units import US_PER_S

Yaml = dict[str, Any]
STICKING_S: Final = 3600  # the longest that a provider keeps a prompt, unless it is asked for a day
_POINTS: Final = {
    "system": ({"location": "message", "role": "system"},),
    "conversation": ({"location": "message", "role": "system"}, {"location": "message", "index": -1}),
}
_OWN: Final = "A request that says so itself has its own way."
_KEPT: Final = (
    "Where a caller marks a message itself, its mark stays: LiteLLM takes back nothing that is asked."
)
_BY_KEY: Final = (
    "LiteLLM keeps a caller's key on one deployment, of all classes of the group, not a prefix. Where callers mark "
    "their prompts with cache_control themselves, prompt_caching keeps those on one for 5 minutes; marks that LiteLLM "
    "sets come after its choice."
)
_BEFORE_TAGS: Final = (
    "LiteLLM sticks before it looks at tags: a caller of two classes of the group would be refused."
)
_ANSWERS: Final = (
    "LiteLLM gives an answer to whoever asks the same, tenants alike, and each proxy process keeps its own until "
    "cache_params.type is one that they share."
)


def bought_params(kind: PolicyClass, upstream: Upstream) -> Yaml:
    """What stands in litellm_params of a deployment of the class."""
    params: Yaml = {}
    points = _cache_points(kind, upstream)
    if points:
        params["cache_control_injection_points"] = points
    if _sells_tier(kind, upstream):
        params["service_tier"] = kind.service_tier
    if kind.caps is not None and kind.caps.output_tokens is not None and kind.match.operation is None:
        params["max_tokens"] = kind.caps.output_tokens
    if _answer_ttl_s(kind):
        params["cache"] = {"use-cache": True, "ttl": _answer_ttl_s(kind)}
    return params


def affinity_settings(sticky: Mapping[str, Sequence[PolicyClass]], *, has_tags: bool) -> Yaml:
    """What stands in router_settings where calls are to go where their prefix is.

    sticky: by name of a group that sticks, its classes.  has_tags: whether any group of the file has; the check of
    prefixes is of all groups, and would send a prefix of one class to the deployment of another.
    """
    if not sticky:
        return {}
    is_asked = any(sticks(kind) and _asks(kind) for kinds in sticky.values() for kind in kinds)
    return {
        **({"optional_pre_call_checks": ["prompt_caching"]} if is_asked and not has_tags else {}),
        "deployment_affinity_ttl_seconds": STICKING_S,
        "model_group_affinity_config": {name: ["deployment_affinity"] for name in sorted(sticky)},
    }


def answer_settings(kinds: Iterable[PolicyClass]) -> Yaml:
    """litellm_settings: a cache of answers for the deployments that ask for it; empty where none does."""
    if not any(map(_answer_ttl_s, kinds)):
        return {}
    return {"cache": True, "cache_params": {"type": "local", "mode": "default_off"}}


def logging_settings(kinds: Iterable[PolicyClass]) -> Yaml:
    """litellm_settings: neither prompts nor answers are logged, where a boundary limits what is kept of them. The proxy
    then takes a caller's own wish to log them out of the request (proxy/litellm_pre_call_utils.py).
    """
    if not any(limits_keeping(kind.data_boundary) for kind in kinds):
        return {}
    return {"turn_off_message_logging": True}


def say_bought(
    ledger: Ledger, number: int, kind: PolicyClass, upstreams: Sequence[Upstream], *, group_sticks: bool
) -> None:
    """What becomes of each value. upstreams: of the deployments that answer the class; empty where none does.

    group_sticks: whether calls of its group go where their caller's went before.
    """
    here = f"/classes/{number}"
    _say_prompt_cache(ledger, here, kind, upstreams)
    _say_tier(ledger, here, kind, upstreams)
    if ledger.has(f"{here}/affinity"):
        _say_affinity(
            ledger, f"{here}/affinity", kind, is_alone=len(upstreams) == 1, group_sticks=group_sticks
        )
    if ledger.has(f"{here}/response_cache/most_bytes"):
        ledger.unsupported(
            f"{here}/response_cache/most_bytes", "LiteLLM counts items and seconds of its cache, not bytes."
        )
    if ledger.has(f"{here}/response_cache/ttl_us"):
        _say_answers(ledger, f"{here}/response_cache/ttl_us", kind)
    for part, reason in (
        ("steps", "LiteLLM does not know which calls are of one request."),
        ("input_tokens", "LiteLLM shortens no prompt."),
    ):
        if ledger.has(f"{here}/caps/{part}"):
            ledger.unsupported(f"{here}/caps/{part}", reason)
    if ledger.has(f"{here}/caps/output_tokens") and kind.match.operation is None:
        ledger.approximated(f"{here}/caps/output_tokens", _OWN, "litellm_params.max_tokens")
    elif ledger.has(f"{here}/caps/output_tokens"):
        ledger.unsupported(f"{here}/caps/output_tokens", "Its calls have no answer of tokens.")


def _say_prompt_cache(ledger: Ledger, here: str, kind: PolicyClass, upstreams: Sequence[Upstream]) -> None:
    pointer = f"{here}/prompt_cache"
    if not ledger.has(pointer):
        return
    if not _asks(kind):
        ledger.unsupported(pointer, "LiteLLM takes cache_control out of no request: the callers do.")
    elif not any(_cache_points(kind, each) for each in upstreams):
        ledger.unsupported(pointer, "Its provider keeps prompts on its own; LiteLLM has nothing to ask for.")
    else:
        ledger.approximated(pointer, _KEPT, "litellm_params.cache_control_injection_points")


def _say_tier(ledger: Ledger, here: str, kind: PolicyClass, upstreams: Sequence[Upstream]) -> None:
    pointer = f"{here}/service_tier"
    if not ledger.has(pointer):
        return
    if kind.service_tier == "batch":
        ledger.unsupported(pointer, "LiteLLM sends calls one by one; a batch is a file that callers send.")
    elif not any(_sells_tier(kind, each) for each in upstreams):
        ledger.unsupported(pointer, "LiteLLM passes no tier on to this provider for such calls.")
    else:
        ledger.approximated(pointer, _OWN, "litellm_params.service_tier")


def _say_affinity(
    ledger: Ledger, pointer: str, kind: PolicyClass, *, is_alone: bool, group_sticks: bool
) -> None:
    written = "router_settings.model_group_affinity_config"
    if is_alone:
        ledger.exact(pointer, "its only deployment")
    elif sticks(kind) and group_sticks:
        ledger.approximated(pointer, _BY_KEY, written)
    elif sticks(kind):
        ledger.unsupported(pointer, _BEFORE_TAGS)
    elif group_sticks:
        ledger.approximated(pointer, "LiteLLM sticks by group: other classes of it ask for it.", written)
    else:
        ledger.exact(pointer, "no stickiness for it")


def _say_answers(ledger: Ledger, pointer: str, kind: PolicyClass) -> None:
    if _answer_ttl_s(kind):
        ledger.approximated(pointer, _ANSWERS, "litellm_params.cache, litellm_settings.cache_params")
    else:
        ledger.exact(pointer, "no cache of answers for it")


def _asks(kind: PolicyClass) -> bool:
    """Whether the class asks a provider to keep its prompts."""
    return kind.prompt_cache is not None and kind.prompt_cache.keep in ("5m", "1h")


def _cache_points(kind: PolicyClass, upstream: Upstream) -> list[Yaml]:
    is_asked = _is_one_of(upstream, _provider(upstream).asked_to_cache) and kind.match.operation is None
    if kind.prompt_cache is None or not _asks(kind) or not is_asked:
        return []
    control = {"type": "ephemeral", "ttl": kind.prompt_cache.keep}
    return [
        {**point, "control": dict(control)} for point in _POINTS[kind.prompt_cache.until or "conversation"]
    ]


def _sells_tier(kind: PolicyClass, upstream: Upstream) -> bool:
    """Whether LiteLLM passes the tier on: of calls that generate, one by one."""
    is_of_calls = kind.service_tier not in (None, "batch") and kind.match.operation is None
    return is_of_calls and _is_one_of(upstream, _provider(upstream).tiers)


def sticks(kind: PolicyClass) -> bool:
    """Whether calls of the class are to go where their prefix is."""
    return kind.affinity == "prefix"


def _answer_ttl_s(kind: PolicyClass) -> int | float:
    """For how long answers are kept; 0 where they are not."""
    ttl_us = 0 if kind.response_cache is None else kind.response_cache.ttl_us or 0
    return ttl_us / US_PER_S if ttl_us % US_PER_S else ttl_us // US_PER_S


def _is_one_of(upstream: Upstream, patterns: Iterable[str]) -> bool:
    """Whether its model, without the prefix of the provider, is one of those."""
    model = upstream.model.partition("/")[2]
    return any(fnmatchcase(model, each) for each in patterns)


def _provider(upstream: Upstream) -> Provider:
    return providers()[upstream.model.partition("/")[0]]
