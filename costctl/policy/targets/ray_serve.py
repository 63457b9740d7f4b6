"""Ray Serve LLM: an application that serves the model of one backend, as ``serve deploy`` reads it.

In: a policy and the backend to serve. Out: an ``Emission``: replicas, how calls are given to them, and the arguments of
their engines of vLLM. What waits is left to the engines, which know lanes: Ray's own queues serve who came first, and
bound what waits at each caller apart. Read in the package ray 2.60.0: ray/serve/schema.py,
ray/llm/_internal/serve/core/configs/llm_config.py, ray/llm/_internal/serve/engines/vllm/vllm_models.py (2026-11-30).
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from costctl.documents.coverage import Consumer, Validator
from costctl.documents.policy import AtMost, Policy, Unlimited
from costctl.policy.ledger import Emission, Ledger
from costctl.policy.targets.one_backend import chosen_backend
from costctl.policy.targets.origin import commented, origin_lines
from costctl.policy.targets.target import Target
from costctl.policy.targets.versions import Since, Versions
from costctl.policy.targets.vllm import is_an_engine, require_pool
from costctl.policy.targets.vllm_arguments import (
    Engine,
    arguments_of,
    engine_conditions,
    engine_of,
    order_condition,
)
from costctl.policy.targets.vllm_entries import Spelling, say_all

FILE_NAME: Final = "serve.yaml"
_CONSUMER: Final = Consumer("Ray Serve LLM", "2.60")
_VALIDATOR: Final = Validator(
    "ray.serve.schema.ServeDeploySchema, LLMConfig",
    "2.60.0",
    "real-code",
    "That Ray knows every field and loses none; arguments of the engine by a list written by hand. Not that an engine "
    "starts.",
)
_PREFIX_ROUTER: Final = "ray.serve.llm.request_router.PrefixCacheAffinityRouter"
_ROUND_ROBIN: Final = "ray.serve.experimental.round_robin_router.RoundRobinRouter"
_MODEL_ID: Final = "model_loading_config.model_id"
_ROUTER: Final = "deployment_config.request_router_config"


def emit_ray_serve(policy: Policy, named: str | None) -> Emission:
    """The file for one backend; where none is named the only pool that batches continuously. Raises UsageError where
    that leaves none or several, or where a provider's model is named.
    """
    number, backend = chosen_backend(
        policy, named, FILE_NAME, is_an_engine, "of a pool that batches continuously"
    )
    require_pool(policy, backend)
    engine = engine_of(policy, number)
    name = backend.model or next(iter(engine.names), backend.id)
    application = {
        "name": backend.id,
        "route_prefix": "/",
        "import_path": "ray.serve.llm:build_openai_app",
        "args": {"llm_configs": [_model(engine, name)]},
    }
    conditions = (
        f"It is deployed with: serve deploy {FILE_NAME}, which takes down what the cluster serves besides.",
        "model_source, where the weights are, and accelerator_type are added: without the first, Ray looks the "
        "model_id up at Hugging Face.",
        *order_condition(engine, "the field priority in the body"),
        *engine_conditions(engine),
    )
    head = (*origin_lines(policy, "ray-serve", f"{_CONSUMER.name} {_CONSUMER.version}"), *conditions)
    body = yaml.safe_dump({"applications": [application]}, sort_keys=False, allow_unicode=True, width=110)
    text = commented(head) + body
    ledger = Ledger(policy)
    _say_what_is_rays(ledger, engine, name)
    say_all(ledger, policy, engine, Spelling(_argument, "priority in the body"))
    manifest = ledger.manifest(
        consumer=_CONSUMER, validator=_VALIDATOR, files={FILE_NAME: text}, conditions=conditions
    )
    return Emission({FILE_NAME: text}, manifest, FILE_NAME, ((1, "model"),))


def _model(engine: Engine, name: str) -> dict[str, Any]:
    """What Ray calls an LLMConfig."""
    deployment = {"num_replicas": engine.backend.replicas, "request_router_config": _router(engine)}
    arguments = arguments_of(engine)
    arguments.pop("served-model-name", None)  # Ray's own, by model_id
    found: dict[str, Any] = {
        "model_loading_config": {"model_id": name},
        "deployment_config": {field: value for field, value in deployment.items() if value is not None},
        "engine_kwargs": {_keyword(argument): value for argument, value in arguments.items()},
    }
    return {field: value for field, value in found.items() if value}


def _router(engine: Engine) -> dict[str, Any] | None:
    """How calls are given to replicas; None for Ray's own way: of two drawn, the one with fewer."""
    routing = engine.backend.routing
    if engine.keeps_prefixes:
        ahead = None if routing is None else routing.most_ahead
        kwargs = (
            {"request_router_kwargs": {"imbalanced_threshold": ahead.value}}
            if isinstance(ahead, AtMost)
            else {}
        )
        return {"request_router_class": _PREFIX_ROUTER, **kwargs}
    if routing is not None and routing.rule == "round_robin":
        return {"request_router_class": _ROUND_ROBIN}
    return None


def _keyword(argument: str) -> str:
    return argument.replace("-", "_")


def _argument(name: str) -> str:
    return f"engine_kwargs.{_keyword(name)}"


def _say_what_is_rays(ledger: Ledger, engine: Engine, name: str) -> None:
    """Entries of what Ray does itself; the engine's follow."""
    here = f"/backends/{engine.number}"
    ledger.exact(f"{here}/id", "applications.name")
    if engine.backend.model is not None:
        ledger.exact(f"{here}/model", _MODEL_ID)
    if ledger.has(f"{here}/replicas"):
        ledger.exact(f"{here}/replicas", "deployment_config.num_replicas")
    for part in ("schedule", "start_up_us"):
        if ledger.has(f"{here}/{part}"):
            ledger.unsupported(f"{here}/{part}", "Ray Serve scales by load, and by no hours of the day.")
    _say_routing(ledger, f"{here}/routing", engine)
    for number, kind in engine.reached:
        for nth, asked in enumerate(kind.match.model or ()):
            place = f"/classes/{number}/match/model/{nth}"
            if asked == name:
                ledger.exact(place, _MODEL_ID)
            else:
                ledger.unsupported(place, "A model has one name in Ray Serve LLM.")
        if kind.affinity == "prefix":
            reason = "By a tree of prompts that were sent, while the replicas are about as busy."
            ledger.approximated(f"/classes/{number}/affinity", reason, _ROUTER)


def _say_routing(ledger: Ledger, here: str, engine: Engine) -> None:
    routing = engine.backend.routing
    if routing is None:
        return
    rule, ahead = routing.rule, routing.most_ahead
    if engine.keeps_prefixes and rule is not None:
        reason = (
            "By a tree of prompts that were sent, not by what a replica still has."
            if rule == "prefix_affinity"
            else "A class wants its prefixes found again, and Ray gives all calls of a model to replicas in one way."
        )
        ledger.approximated(f"{here}/rule", reason, _ROUTER)
    elif rule == "round_robin":
        ledger.exact(f"{here}/rule", _ROUTER)
    elif rule is not None:
        ledger.approximated(
            f"{here}/rule", "Of two replicas that are drawn, the one with fewer calls.", "Ray's own way"
        )
    if isinstance(ahead, AtMost) and engine.keeps_prefixes:
        reason = "Ray compares the busiest replica with the idlest, whichever has the prefix."
        ledger.approximated(f"{here}/most_ahead", reason, f"{_ROUTER}.imbalanced_threshold")
    elif isinstance(ahead, Unlimited) and engine.keeps_prefixes:
        ledger.exact(f"{here}/most_ahead", f"{_ROUTER}, without imbalanced_threshold")
    elif ahead is not None:
        ledger.unsupported(
            f"{here}/most_ahead", "Ray compares the loads of replicas only where prefixes are kept."
        )


VERSIONS: Final = Versions(
    oldest="2.49",
    newest="2.60",
    known_by="Names were looked for in released packages, which also say the vLLM that they bring.",
    settings=(
        Since(
            "2.56",
            "RoundRobinRouter",
            "packages ray 2.55.0 and 2.56.0, read 2026-12-01",
            ("/backends/*/routing/rule",),
            only="round_robin",
        ),
        Since(
            "2.60",
            "max_num_queued_reqs of vLLM 0.29",
            "packages ray 2.59.0 (vllm 0.27.0) and 2.60.0 (vllm 0.29.0), read 2026-12-01",
            ("/classes/*/queue/depth",),
        ),
    ),
)

TARGET: Final = Target(
    "ray-serve", emit_ray_serve, takes_backend=True, suits=is_an_engine, form="yaml", versions=VERSIONS
)
