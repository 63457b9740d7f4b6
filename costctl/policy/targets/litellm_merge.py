"""How do our settings and those of a LiteLLM file that is in use go together?

In: the values of both. Out: what a merge must know. A deployment of the same group and the same model is the same
deployment: it keeps its keys, its address and its id, and gets what the policy asks for besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from costctl.documents.policy import Backend, PolicyBoundary
from costctl.errors import InfeasibleError
from costctl.levers.boundary import reason_outside
from costctl.policy.merging.rules import MergeRules, Place, Together
from costctl.policy.targets.litellm_checks import faults_in

_FALLBACKS: Final = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")
_FROM_ENVIRONMENT: Final = "os.environ/"
_BY_NAME_ALONE: Final = (
    "openai/",
    "anthropic/",
)  # providers that LiteLLM also tells by the model's name alone
_CONTENTLESS: Final = ("prometheus", "prometheus_system")  # callbacks that are given numbers alone
# What sends prompts or answers elsewhere, or models that the file does not show: section, setting, what it does.
_DOORS: Final = (
    ("", "include", "other files are read too"),
    ("general_settings", "store_model_in_db", "models of a database are served too"),
    ("general_settings", "pass_through_endpoints", "requests are passed on besides the models"),
    ("litellm_settings", "default_fallbacks", "failed calls of every group go there"),
    ("router_settings", "default_fallbacks", "failed calls of every group go there"),
    ("litellm_settings", "default_team_settings", "a team's calls are logged elsewhere"),
    ("", "guardrails", "what is said is checked elsewhere"),
)
_LOGS: Final = ("callbacks", "success_callback", "failure_callback")
_NUMBERS: Final = ("weight", "rpm", "tpm", "max_parallel_requests")
_OWN_CACHES: Final = (None, "local", "disk")


def _is_set(place: Place) -> bool:
    return place[-1] in ("tags", "optional_pre_call_checks")


def _is_list_of_named(place: Place) -> bool:
    return place == ("model_list",) or (place[0] == "router_settings" and place[-1] in _FALLBACKS)


def _matches(place: Place, ours: Any, present: Sequence[Any]) -> list[int]:
    if place != ("model_list",):
        return [at for at, each in enumerate(present) if isinstance(each, dict) and set(each) & set(ours)]
    same = [at for at, each in enumerate(present) if _is_same_deployment(ours, each)]
    wanted = _list(_params(ours), "tags")
    tagged = [at for at in same if any(tag in wanted for tag in _list(_params(present[at]), "tags"))]
    return tagged if len(same) > 1 and len(tagged) == 1 else same


def _is_same_deployment(ours: Any, each: Any) -> bool:
    wanted, found = str(_params(ours)["model"]), _params(each).get("model")
    names = {wanted, *(wanted.removeprefix(prefix) for prefix in _BY_NAME_ALONE if wanted.startswith(prefix))}
    is_group = isinstance(each, dict) and each.get("model_name") == ours["model_name"]
    return is_group and isinstance(found, str) and found in names


def _adapted(present: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """How a deployment of a group is chosen is asked for where some have weights; else the file's own way stays."""
    has_weights = any("weight" in _params(each) for each in ours.get("model_list", ()))
    if has_weights or "routing_strategy" not in _section(present, "router_settings"):
        return dict(ours)
    router = {key: value for key, value in ours["router_settings"].items() if key != "routing_strategy"}
    return {**ours, "router_settings": router}


def _joined(place: Place, ours: Any) -> Any:
    """Without what tells how it is reached and what it is called: that is the file's own."""
    if place != ("model_list",):
        return ours
    asked = {
        key: value
        for key, value in ours["litellm_params"].items()
        if key != "model" and not (isinstance(value, str) and value.startswith(_FROM_ENVIRONMENT))
    }
    about = {
        key: value for key, value in ours.get("model_info", {}).items() if key not in ("id", "base_model")
    }
    return {
        **({"litellm_params": asked} if asked else {}),
        **({"model_info": about} if about else {}),
    }


def _faults(together: Together) -> tuple[str, ...]:
    _require_boundaries(together)
    before = faults_in(_config(together.present))
    found = faults_in(_config(together.merged)) if together.is_whole else ()
    groups = {each["model_name"] for each in together.ours.get("model_list", [])}
    return (
        *(fault for fault in found if fault not in before),
        *_untagged_groups(together),
        *_shared_groups(together, groups),
        *_hidden_settings(together),
    )


def _untagged_groups(together: Together) -> Iterator[str]:
    """What the fault of a group without a default comes from, where it is ours."""
    is_tagged = together.ours.get("router_settings", {}).get("enable_tag_filtering") is True
    untagged = [each for _, each in _others(together) if "default" not in _list(_params(each), "tags")]
    if is_tagged and untagged:
        yield (
            "The policy tells classes by tags, and LiteLLM then asks for a tag everywhere: give the other deployments "
            "tags: [default]."
        )


def _shared_groups(together: Together, groups: set[str]) -> Iterator[str]:
    """LiteLLM shares the calls of a group among all of its deployments, whoever wrote them."""
    for _, each in _others(together):
        if each.get("model_name") in groups:
            yield (
                f"The group {each['model_name']} has a deployment of {_params(each).get('model')} that the policy does "
                "not have, and LiteLLM would send it calls too: rename it, take it out, or add it to the policy."
            )


def _hidden_settings(together: Together) -> Iterator[str]:
    """LiteLLM's router asks litellm_settings for fallbacks only where router_settings has none."""
    theirs, ours = together.present.get("litellm_settings"), together.ours.get("router_settings", {})
    already = together.present.get("router_settings")
    for name in _FALLBACKS:
        is_new = name in ours and not (isinstance(already, dict) and already.get(name))
        if isinstance(theirs, dict) and theirs.get(name) and is_new:
            yield f"litellm_settings.{name} would no longer count: move it to router_settings first."


def _require_boundaries(together: Together) -> None:
    """A caller may name any group of the file, and some settings send what is said elsewhere."""
    for kind in together.policy.classes:
        boundary = kind.data_boundary
        if boundary is None or boundary.enforcement != "required":
            continue
        reason = next(_ways_out(together, boundary), None)
        if reason is not None:
            raise InfeasibleError(
                f"The merged file would not keep {kind.id} within its required data boundary.",
                why=reason,
                next_step="Take it out of the file, or give these classes a proxy and a file of their own.",
            )


def _ways_out(together: Together, boundary: PolicyBoundary) -> Iterator[str]:
    for number, each in _others(together):
        reason = _reason_outside(boundary, each)
        if reason is not None:
            yield (
                f"A caller may ask for {each.get('model_name')}, entry {number + 1} of model_list, which the policy "
                f"does not have: {reason}."
            )
    for at, ours in _adopted(together):
        said = _params(together.present["model_list"][at]).get("region_name")
        if said is not None and said != _params(ours).get("region_name") and boundary.regions:
            yield (
                f"{ours['model_name']}, entry {at + 1} of model_list, says that its region is {said}, and the policy "
                "places it elsewhere."
            )
    merged = together.merged
    for section, name, what in _DOORS:
        found = merged if not section else _section(merged, section)
        if found.get(name):
            yield f"{f'{section}.' if section else ''}{name} is set: {what}."
    settings = _section(merged, "litellm_settings")
    for name in _LOGS:
        said = settings.get(name)
        logs = [
            each for each in (said if isinstance(said, list) else [said]) if each and each not in _CONTENTLESS
        ]
        if logs and settings.get("turn_off_message_logging") is not True:
            yield f"litellm_settings.{name} is set: what is said is logged elsewhere."
    kept_in = _section(settings, "cache_params").get("type")
    if settings.get("cache") and kept_in not in _OWN_CACHES:
        yield f"litellm_settings.cache_params.type is {kept_in}: answers are kept elsewhere."


def _reason_outside(boundary: PolicyBoundary, deployment: Mapping[str, Any]) -> str | None:
    region = _params(deployment).get("region_name")
    place = Backend(id="other", region=region if isinstance(region, str) else None)
    return reason_outside(boundary, place)


def _others(together: Together) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Deployments of the file that are none of ours, with their numbers."""
    mine = set(together.adopted.get(("model_list",), ()))
    for number, each in enumerate(_list(together.present, "model_list")):
        if number not in mine and isinstance(each, dict):
            yield number, each


def _adopted(together: Together) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for at, ours in zip(
        together.adopted.get(("model_list",), ()), together.ours.get("model_list", ()), strict=False
    ):
        if at is not None:
            yield at, ours


def _conditions(together: Together) -> tuple[str, ...]:
    kept = [f"{ours['model_name']} (entry {at + 1})" for at, ours in _adopted(together)]
    if not kept:
        return ()
    return (
        "Deployments that the file had keep their keys, addresses and ids, and need no variables for them: "
        f"{', '.join(kept)}.",
    )


def _config(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the checks look at, of a file that anybody wrote: only what has the type that LiteLLM asks for."""
    router = _section(values, "router_settings")
    rules = {
        name: [
            {str(group): [other for other in others if isinstance(other, str)]}
            for rule in _list(router, name)
            if isinstance(rule, dict)
            for group, others in rule.items()
            if isinstance(others, list)
        ]
        for name in _FALLBACKS
    }
    aliases = {
        str(alias): str(group.get("model") if isinstance(group, dict) else group)
        for alias, group in _section(router, "model_group_alias").items()
    }
    by_group = {
        name: _section(router, name) for name in ("model_group_retry_policy", "model_group_affinity_config")
    }
    tagging = {"enable_tag_filtering": router.get("enable_tag_filtering") is True}
    return {
        "model_list": [_checked(each) for each in _deployments(values)],
        "router_settings": {**rules, "model_group_alias": aliases, **by_group, **tagging},
    }


def _checked(deployment: Mapping[str, Any]) -> dict[str, Any]:
    params = _params(deployment)
    numbers = {key: value for key in _NUMBERS if isinstance(value := params.get(key), int | float)}
    found = {"model": params.get("model"), "api_base": params.get("api_base"), **numbers}
    tags = [each for each in _list(params, "tags") if isinstance(each, str)]
    name = deployment.get("model_name")
    about = {"id": str(given)} if (given := _section(deployment, "model_info").get("id")) is not None else {}
    return {
        "model_name": name if isinstance(name, str) else str(name),
        "litellm_params": {**found, **({"tags": tags} if tags else {})},
        "model_info": about,
    }


def _deployments(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [each for each in _list(values, "model_list") if isinstance(each, dict)]


def _list(values: Mapping[str, Any], name: str) -> list[Any]:
    found = values.get(name)
    return found if isinstance(found, list) else []


def _section(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def _params(deployment: Any) -> dict[str, Any]:
    return _section(deployment, "litellm_params") if isinstance(deployment, dict) else {}


MERGE: Final = MergeRules(_is_set, _is_list_of_named, _matches, _adapted, _joined, _faults, _conditions)
