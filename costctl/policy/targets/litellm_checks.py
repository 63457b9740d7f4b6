"""What would LiteLLM refuse, or load and then fail on? Rules of its configuration that need no LiteLLM to hold.

In: a configuration as plain dicts and lists. Out: faults, one sentence each; none where it loads. The real router is
run in the tests; this is run on every file that is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from costctl.policy.targets.litellm_providers import providers

_FALLBACKS: Final = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
_BY_GROUP: Final = ("model_group_retry_policy", "model_group_affinity_config")
_COUNTS: Final = ("rpm", "tpm", "max_parallel_requests")
Yaml = dict[str, Any]


def faults_in(config: Yaml) -> tuple[str, ...]:
    """What is wrong, in the order of the file."""
    deployments = [each for each in config.get("model_list", []) if isinstance(each, dict)]
    router = config.get("router_settings", {})
    return (
        *(fault for each in deployments for fault in _deployment_faults(each)),
        *_ids_given_twice(deployments),
        *_unknown_groups({each.get("model_name") for each in deployments}, router),
        *_groups_without_default(deployments, router),
    )


def _deployment_faults(deployment: Yaml) -> Iterator[str]:
    name = deployment.get("model_name")
    if not isinstance(name, str) or not name:
        yield "A deployment has no model_name."
    params = deployment.get("litellm_params", {})
    model = params.get("model")
    prefix, _, rest = model.partition("/") if isinstance(model, str) else ("", "", "")
    if prefix not in providers() or not rest:
        yield f"The model of {name} does not begin with a provider that LiteLLM knows."
    elif providers()[prefix].has_address and not params.get("api_base"):
        yield f"The deployment {name} is at a server of its own and has no api_base."
    if "weight" in params and not params["weight"] >= 0:
        yield f"The weight of {name} is less than 0."
    for key in _COUNTS:
        if key in params and not params[key] >= 1:
            yield f"{key} of {name} is less than 1."


def _ids_given_twice(deployments: list[Yaml]) -> Iterator[str]:
    ids = [each.get("model_info", {}).get("id") for each in deployments]
    for given in sorted({each for each in ids if each is not None and ids.count(each) > 1}):
        yield f"The id {given} is given to several deployments."


def _unknown_groups(groups: set[Any], router: Yaml) -> Iterator[str]:
    """Names that the router is told of and that no deployment has."""
    named = [
        name
        for key in _FALLBACKS
        for rule in router.get(key, [])
        for group, others in rule.items()
        for name in (group, *others)
    ]
    named += router.get("model_group_alias", {}).values()
    named += [name for key in _BY_GROUP for name in router.get(key, {})]
    for name in sorted(set(named) - groups):
        yield f"router_settings names the group {name}, which has no deployment."
    for alias in sorted(set(router.get("model_group_alias", {})) & groups):
        yield f"The alias {alias} is the name of a group too."


def _groups_without_default(deployments: list[Yaml], router: Yaml) -> Iterator[str]:
    """With tags, a request whose tag a group does not have is served by its default, or not at all."""
    if not router.get("enable_tag_filtering"):
        return
    tags: dict[str, set[str]] = {}
    for each in deployments:
        tags.setdefault(str(each.get("model_name")), set()).update(each["litellm_params"].get("tags", ()))
    for name in sorted(name for name, found in tags.items() if "default" not in found):
        yield f"The group {name} has no deployment for requests without a tag."
