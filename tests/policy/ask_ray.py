"""Reads files for Ray Serve as Ray does: JSON texts in, by name; out, by name, why a file is refused, empty where it is
not. Runs in the environment that has ray.

Ray drops fields of an application that it does not know: what it keeps is compared with what it was given. The
arguments of the engine belong to vLLM and are not looked at.
"""

import importlib.util
import inspect
import json
import sys
from pathlib import Path

import yaml
from ray.llm._internal.serve.core.configs.llm_config import LLMConfig, ModelLoadingConfig
from ray.llm._internal.serve.routing_policies.prefix_aware.prefix_aware_router import (
    PrefixCacheAffinityRouter,
)
from ray.serve._private.config import DeploymentConfig
from ray.serve.config import RequestRouterConfig
from ray.serve.schema import ServeDeploySchema

# Its public name is in a module that imports vLLM; this is where Ray has it.
INSIDE = f"{PrefixCacheAffinityRouter.__module__}.{PrefixCacheAffinityRouter.__name__}"
PUBLIC = "ray.serve.llm.request_router.PrefixCacheAffinityRouter"


def require_kept(given, kept, place):
    """Raise where a value that was given is not among those that were kept."""
    for key, value in given.items():
        if key not in kept:
            raise ValueError(f"{place}.{key} is not known")
        if isinstance(value, dict) and isinstance(kept[key], dict):
            require_kept(value, kept[key], f"{place}.{key}")
        elif isinstance(value, list) and isinstance(kept[key], list):
            for one, other in zip(value, kept[key], strict=True):
                if isinstance(one, dict):
                    require_kept(one, other, f"{place}.{key}")
        elif value != kept[key]:
            raise ValueError(f"{place}.{key} is read as another value")


def kept_by(model):
    return model.model_dump(exclude_unset=True)


def require_application(application):
    """The builder is there, and takes what it is given."""
    module, _, builder = application["import_path"].partition(":")
    source = Path(importlib.util.find_spec(module).origin).read_text()
    if f"def {builder}(" not in source:
        raise ValueError("there is no such builder")
    if set(application["args"]) != {"llm_configs"}:
        raise ValueError("the builder does not know its arguments")
    for model in application["args"]["llm_configs"]:
        require_model(model)


def require_model(model):
    deployment = model.get("deployment_config", {})
    router = deployment.get("request_router_config", {})
    if router.get("request_router_class") == PUBLIC:
        router["request_router_class"] = INSIDE
        known = inspect.signature(PrefixCacheAffinityRouter.initialize_state).parameters
        if not set(router.get("request_router_kwargs", {})) <= set(known):
            raise ValueError("the router does not know its arguments")
    require_kept(model, kept_by(LLMConfig.model_validate(model)), "model")
    loading = model["model_loading_config"]
    require_kept(loading, kept_by(ModelLoadingConfig.model_validate(loading)), "model_loading_config")
    require_kept(router, kept_by(RequestRouterConfig(**router)), "request_router_config")
    plain = {key: value for key, value in deployment.items() if key != "request_router_config"}
    require_kept(plain, kept_by(DeploymentConfig(**plain)), "deployment_config")


def why_refused(text):
    """The reason, or nothing."""
    try:
        given = yaml.safe_load(text)
        require_kept(given, kept_by(ServeDeploySchema.model_validate(given)), "file")
        for application in given["applications"]:
            require_application(application)
    except Exception as refused:
        return f"{type(refused).__name__}: {refused}"
    return ""


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: why_refused(text) for name, text in json.load(sys.stdin).items()}))
