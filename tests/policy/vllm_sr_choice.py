"""Which model of vLLM Semantic Router takes a chat? A slow twin of what the router does, by the words of its
documentation: an entrypoint's recipe, an alias of the default routing, or a model by its name, past every decision; of
the decisions that match the one with the highest priority.
https://github.com/vllm-project/semantic-router: website/docs/tutorials/global/entrypoints.md (2026-12-01)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def chosen(config: Mapping[str, Any], model: str, headers: Mapping[str, str]) -> tuple[str, str] | None:
    """The decision that takes a request, empty past every one, and the model that it goes to; None: refused."""
    recipes = {recipe["name"]: recipe["routing"] for recipe in config.get("recipes", [])}
    for entrypoint in config.get("entrypoints", []):
        if model in entrypoint["model_names"]:
            return _decided(config, recipes[entrypoint["recipe"]], headers)
    if model in config["global"].get("router", {}).get("auto_model_names", []):
        return _decided(config, config["routing"], headers)
    if model in {each["name"] for each in config["providers"]["models"]}:
        return "", model
    return None


def _decided(
    config: Mapping[str, Any], routing: Mapping[str, Any], headers: Mapping[str, str]
) -> tuple[str, str]:
    identity = config["global"]["services"]["authz"].get("identity", {}).get("user_id_header")
    user = headers.get(identity, "")
    roles = {
        binding["role"]
        for binding in routing.get("signals", {}).get("role_bindings", [])
        if any(subject["kind"] == "User" and subject["name"] == user for subject in binding["subjects"])
    }
    fitting = [
        decision
        for decision in routing["decisions"]
        if all(condition["name"] in roles for condition in decision["rules"]["conditions"])
    ]
    if not fitting:
        return "", config["providers"]["defaults"]["model"]
    best = max(fitting, key=lambda decision: decision["priority"])
    return best["name"], best["modelRefs"][0]["model"]
