"""What stands in router_settings? Aliases, fallbacks, retries, who sticks to a deployment, and whether tags count.

In: the layout of the groups. Out: router_settings as a plain dict.
"""

from __future__ import annotations

from typing import Any, Final

from costctl.policy.targets.litellm_bought import affinity_settings
from costctl.policy.targets.litellm_groups import Group, Layout

LIST_OF_CAUSE: Final = {
    "error": "fallbacks",
    "timeout": "fallbacks",
    "overload": "fallbacks",
    "context_window": "context_window_fallbacks",
    "content_policy": "content_policy_fallbacks",
}
_RETRIED: Final = ("TimeoutErrorRetries", "RateLimitErrorRetries", "InternalServerErrorRetries")
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
    router.update(affinity_settings({group.name: group.kinds for group in layout.groups}))
    return router


def group_retries(group: Group) -> int | None:
    """LiteLLM retries by group: the fewest that its classes allow; None where none of them says."""
    said = [kind.retries for kind in group.kinds if kind.retries is not None]
    return min(said, default=None)


def _others(layout: Layout, group: Group, name: str) -> list[str]:
    return [
        layout.fallback_group[group.name, backend]
        for backend, said in group.fallbacks.items()
        if any(LIST_OF_CAUSE[cause] == name for fallback in said for cause in fallback.on)
    ]
