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
_COUNTS: Final = ("rpm", "tpm", "max_parallel_requests", "order")
# What LiteLLM leaves out without a word where it does not know it: litellm/types/router.py, RetryPolicy, and
# OptionalPreCallChecks, of which a group may have those that stick.
_RETRIES: Final = frozenset(
    f"{name}Retries"
    for name in (
        "Default",
        "AuthenticationError",
        "BadRequestError",
        "ContentPolicyViolationError",
        "InternalServerError",
        "RateLimitError",
        "ServiceUnavailableError",
        "TimeoutError",
    )
)
_STICKING: Final = frozenset(
    {
        "deployment_affinity",
        "encrypted_content_affinity",
        "responses_api_deployment_check",
        "session_affinity",
    }
)
_CHECKS: Final = _STICKING | {
    "enforce_model_rate_limits",
    "forward_client_headers_by_model_group",
    "prompt_caching",
    "router_budget_limiting",
}
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
        *_unknown_words(router),
        *_overruled_tags(deployments, router),
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
    if "weight" in params and not _is_number(params["weight"], least=0):
        yield f"The weight of {name} is less than 0, or no number."
    if "timeout" in params and not _is_number(params["timeout"], least=0):
        yield f"The timeout of {name} is less than 0, or no number."
    for key in _COUNTS:
        if key in params and not (isinstance(params[key], int) and _is_number(params[key], least=1)):
            yield f"{key} of {name} is less than 1, or no whole number."


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


def _unknown_words(router: Yaml) -> Iterator[str]:
    """Checks and retries that LiteLLM does not have: it takes the file, and does nothing of the kind."""
    said = [("optional_pre_call_checks", router.get("optional_pre_call_checks", ()), _CHECKS)]
    for key, known in (("model_group_affinity_config", _STICKING), ("model_group_retry_policy", _RETRIES)):
        said += [(key, words, known) for words in router.get(key, {}).values()]
    for key, words, known in said:
        for word in sorted(set(words) - known):
            yield f"{key} names {word}, which LiteLLM does not have."


def _overruled_tags(deployments: list[Yaml], router: Yaml) -> Iterator[str]:
    """LiteLLM sticks before it looks at tags: a caller of two classes of a group would be refused."""
    ways: dict[Any, set[tuple[str, ...]]] = {}
    for each in deployments:
        ways.setdefault(each.get("model_name"), set()).add(
            tuple(each.get("litellm_params", {}).get("tags", ()))
        )
    tagged = {name for name, found in ways.items() if len(found) > 1}
    for name in sorted(tagged & set(router.get("model_group_affinity_config", {}))):
        yield f"Calls of {name} would stick to a deployment of another tag."
    if tagged and "prompt_caching" in router.get("optional_pre_call_checks", ()):
        yield "Prompts would stick to a deployment of another tag, as a group has several."


def _is_number(value: object, least: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= least
