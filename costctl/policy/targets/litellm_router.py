"""What stands in router_settings? Aliases, fallbacks, retries and the waits between them, who sticks to a deployment,
and whether tags count.

In: the layout of the groups. Out: router_settings as a plain dict.
"""

from __future__ import annotations

from math import ceil
from typing import Any, Final

from costctl.policy.targets.litellm_bought import affinity_settings, sticks
from costctl.policy.targets.litellm_groups import Group, Layout
from costctl.units import US_PER_S

LIST_OF_CAUSE: Final = {
    "error": "fallbacks",
    "timeout": "fallbacks",
    "overload": "fallbacks",
    "context_window": "context_window_fallbacks",
    "content_policy": "content_policy_fallbacks",
}
LONGEST_WAIT_S: Final = 8  # MAX_RETRY_DELAY in litellm/constants.py, where the environment says nothing else
_RETRIED: Final = (
    "TimeoutErrorRetries",
    "RateLimitErrorRetries",
    "InternalServerErrorRetries",
    "ServiceUnavailableErrorRetries",
    "DefaultRetries",  # what has none of these names, such as a connection that broke
)
Yaml = dict[str, Any]


def router_settings(layout: Layout) -> Yaml:
    """The settings."""
    router: Yaml = {"enable_pre_call_checks": True, "routing_strategy": "simple-shuffle"}
    if layout.is_tagged:
        router["enable_tag_filtering"] = True
    aliases = {alias: group.name for group in layout.groups for alias in group.aliases}
    if aliases:
        router["model_group_alias"] = dict(sorted(aliases.items()))
    for name in sorted(set(LIST_OF_CAUSE.values())):
        rules = [{group.name: others} for group in layout.groups if (others := _others(layout, group, name))]
        if rules:
            router[name] = rules
    retries = {
        group.name: dict.fromkeys(_RETRIED, most)
        for group in layout.groups
        if (most := group_retries(group)) is not None
    }
    if retries:
        router["model_group_retry_policy"] = retries
    wait_s = router_wait_s(layout)
    if wait_s is not None:
        router["retry_after"] = wait_s
    sticky = {group.name: group.kinds for group in layout.groups if group_sticks(group)}
    router.update(affinity_settings(sticky, has_tags=layout.is_tagged))
    return router


def group_sticks(group: Group) -> bool:
    """Whether calls go where their caller's went before: where there is a choice, and no tag that it would overrule."""
    has_choice = not group.is_tagged and len(group.treatments[0].targets) > 1
    return has_choice and any(map(sticks, group.kinds))


def group_retries(group: Group) -> int | None:
    """LiteLLM retries by group: the fewest that its classes allow; None where none of them says."""
    said = [kind.retries for kind in group.kinds if kind.retries is not None]
    return min(said, default=None)


def router_wait_s(layout: Layout) -> int | None:
    """LiteLLM has one least wait for all groups, s: the longest that a class asks for; None where none does."""
    said = [kind.backoff_us for group in layout.groups for kind in group.kinds if kind.backoff_us is not None]
    return ceil(max(said) / US_PER_S) if said else None


def _others(layout: Layout, group: Group, name: str) -> list[str]:
    return [
        layout.fallback_group[group.name, backend]
        for backend, said in group.fallbacks.items()
        if any(LIST_OF_CAUSE[cause] == name for fallback in said for cause in fallback.on)
    ]
