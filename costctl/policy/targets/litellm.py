"""LiteLLM: the proxy's config.yaml.

In: a policy. Out: an ``Emission``. Each class is a model group that callers ask for by the class's id; its
deployments are the class's targets, by weight, and its fallbacks are groups of their own. LiteLLM does not
look at headers to choose a group, has no queue of bounded length, and orders its own waiting only by a number
that the request carries. https://docs.litellm.ai/docs/proxy/config_settings
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from costctl.documents.coverage import Consumer, Validator
from costctl.documents.policy import AtMost, Backend, Policy, PolicyClass
from costctl.errors import InfeasibleError
from costctl.levers.boundary import reason_outside
from costctl.levers.limits import limit_over_backend
from costctl.policy.ledger import Emission, Ledger
from costctl.policy.targets.target import Target

FILE_NAME: Final = "litellm.yaml"
_VERSION: Final = "1.103.7"  # 1.82.7 and 1.82.8 were malicious releases; 1.107 was withdrawn
_CONSUMER: Final = Consumer("LiteLLM", _VERSION)
_VALIDATOR: Final = Validator(
    "litellm.Router",
    _VERSION,
    "real-code",
    "That the router accepts deployments and settings, and which deployment it picks; not references to groups that do "
    "not exist, which the policy's own checks hold.",
)
_LIST_OF_CAUSE: Final = {
    "error": "fallbacks",
    "timeout": "fallbacks",
    "overload": "fallbacks",
    "context_window": "context_window_fallbacks",
    "content_policy": "content_policy_fallbacks",
}
Yaml = dict[str, Any]


def emit_litellm(policy: Policy, _backend: str | None) -> Emission:
    """The file. Raises InfeasibleError where it could not keep a class within a required data boundary."""
    _require_boundaries(policy)
    ledger = Ledger(policy)
    backends = {backend.id: (number, backend) for number, backend in enumerate(policy.backends)}
    deployments: list[Yaml] = []
    router: Yaml = {"enable_pre_call_checks": True, "routing_strategy": "simple-shuffle"}
    retries: Yaml = {}
    for number, kind in enumerate(policy.classes):
        deployments += _class_deployments(ledger, number, kind, backends)
        deployments += _fallback_deployments(ledger, number, kind, backends, router)
        if kind.retries is not None:
            names = ("TimeoutErrorRetries", "RateLimitErrorRetries", "InternalServerErrorRetries")
            retries[kind.id] = dict.fromkeys(names, kind.retries)
            ledger.exact(f"/classes/{number}/retries", f"router_settings.model_group_retry_policy.{kind.id}")
    if retries:
        router["model_group_retry_policy"] = retries
    _say_the_rest(ledger, policy)
    document = {"model_list": deployments, "router_settings": router}
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    manifest = ledger.manifest(
        consumer=_CONSUMER,
        validator=_VALIDATOR,
        files={FILE_NAME: text},
        conditions=(
            "The edge sets the model of each request to the id of its class, and lets no client do so.",
            "The address of each pool is in the environment variable that its api_base names.",
        ),
    )
    return Emission({FILE_NAME: text}, manifest, FILE_NAME)


def _require_boundaries(policy: Policy) -> None:
    """A caller may name any group of the file; so every deployment must lie within every required boundary."""
    placements = [kind.placement for kind in policy.classes]
    reached = {target.backend for placement in placements for target in placement.targets}
    reached |= {fallback.backend for placement in placements for fallback in placement.fallback}
    for kind in policy.classes:
        if kind.data_boundary is None or kind.data_boundary.enforcement != "required":
            continue
        for backend in policy.backends:
            reason = reason_outside(kind.data_boundary, backend)
            if backend.id in reached and reason is not None:
                raise InfeasibleError(
                    f"LiteLLM cannot keep {kind.id} within its required data boundary.",
                    why=f"The file would hold {backend.id} too ({reason}), and a caller may ask for any group by name.",
                    next_step="Emit a policy for classes of one boundary at a time, each for a proxy of its own.",
                )


def _class_deployments(
    ledger: Ledger, number: int, kind: PolicyClass, backends: dict[str, tuple[int, Backend]]
) -> list[Yaml]:
    found = []
    for place, target in enumerate(kind.placement.targets):
        pointer = f"/classes/{number}/placement/targets/{place}"
        deployment = _deployment(ledger, number, kind, kind.id, backends[target.backend])
        deployment["litellm_params"]["weight"] = target.weight
        ledger.exact(f"{pointer}/backend", "model_list[].model_info.id")
        ledger.exact(f"{pointer}/weight", "model_list[].litellm_params.weight")
        found.append(deployment)
    return found


def _fallback_deployments(
    ledger: Ledger, number: int, kind: PolicyClass, backends: dict[str, tuple[int, Backend]], router: Yaml
) -> list[Yaml]:
    found = []
    for place, fallback in enumerate(kind.placement.fallback):
        group = f"{kind.id}.fallback-{place + 1}"
        found.append(_deployment(ledger, number, kind, group, backends[fallback.backend]))
        pointer = f"/classes/{number}/placement/fallback/{place}"
        ledger.exact(f"{pointer}/backend", f"model_list: the group {group}")
        for name in sorted({_LIST_OF_CAUSE[cause] for cause in fallback.on}):
            groups: list[Yaml] = router.setdefault(name, [])
            mine = next((item for item in groups if kind.id in item), None)
            if mine is None:
                mine = {kind.id: []}
                groups.append(mine)
            mine[kind.id].append(group)
        for at, cause in enumerate(fallback.on):
            written = f"router_settings.{_LIST_OF_CAUSE[cause]}"
            if _LIST_OF_CAUSE[cause] == "fallbacks":
                ledger.approximated(
                    f"{pointer}/on/{at}", "LiteLLM falls back on every failure alike.", written
                )
            else:
                ledger.exact(f"{pointer}/on/{at}", written)
    return found


def _deployment(
    ledger: Ledger, number: int, kind: PolicyClass, group: str, placed: tuple[int, Backend]
) -> Yaml:
    index, backend = placed
    here = f"/backends/{index}"
    model = backend.model or backend.id
    prefix = backend.provider if backend.pool is None and backend.provider else "hosted_vllm"
    params: Yaml = {"model": f"{prefix}/{model}"}
    if backend.pool is not None:
        params["api_base"] = f"os.environ/{_variable(backend.id)}_API_BASE"
        ledger.exact(f"{here}/pool", "litellm_params.api_base")
    elif ledger.has(f"{here}/provider"):
        ledger.exact(f"{here}/provider", "litellm_params.model")
    if ledger.has(f"{here}/model"):
        ledger.exact(f"{here}/model", "litellm_params.model")
    if backend.region is not None:
        params["region_name"] = backend.region
        ledger.exact(f"{here}/region", "litellm_params.region_name")
    together = _together(backend)
    if together is not None:
        params["max_parallel_requests"] = together
        ledger.approximated(
            f"{here}/max_concurrency",
            "LiteLLM counts each group's deployment by itself; together the classes may reach more.",
            "litellm_params.max_parallel_requests",
        )
    elif backend.replicas is None and isinstance(backend.max_concurrency, AtMost):
        ledger.unsupported(
            f"{here}/max_concurrency", f"The policy does not say how many replicas {backend.id} has."
        )
    if kind.timeout_us is not None:
        params["timeout"] = kind.timeout_us / 1e6
        ledger.exact(f"/classes/{number}/timeout_us", "litellm_params.timeout, in seconds")
    for name, key in (("requests_per_minute", "rpm"), ("tokens_per_minute", "tpm")):
        limit = None if kind.admission is None else getattr(kind.admission, name)
        if limit is not None:
            params[key] = limit
            pointer = f"/classes/{number}/admission/{name}"
            if len(kind.placement.targets) == 1 and not kind.placement.fallback:
                ledger.exact(pointer, f"litellm_params.{key}")
            else:
                ledger.approximated(
                    pointer, "Each deployment of the class counts by itself.", f"litellm_params.{key}"
                )
    ledger.exact(f"{here}/id", "model_info.id")
    info: Yaml = {"id": f"{group}.{backend.id}"}
    if backend.model is not None:
        info["base_model"] = backend.model
    if params["model"].startswith("hosted_vllm/") and kind.match.operation == ("embedding",):
        info["mode"] = "embedding"
    return {"model_name": group, "litellm_params": params, "model_info": info}


def _together(backend: Backend) -> int | None:
    """Requests in progress that all replicas of the backend may have; None where that is not limited so."""
    limit = backend.max_concurrency
    return None if limit is None else limit_over_backend(limit, backend.replicas)


def _say_the_rest(ledger: Ledger, policy: Policy) -> None:
    ledger.provenance()
    for index, lane in enumerate(policy.lanes):
        ledger.unsupported(
            f"/lanes/{index}", f"LiteLLM orders waiting by a number in the request, not by {lane.id}."
        )
    for number in range(len(policy.backends)):
        here = f"/backends/{number}"
        for part in ("batch", "batching", "max_concurrency"):
            if ledger.has(f"{here}/{part}"):
                ledger.not_applicable(f"{here}/{part}", "For the server behind the proxy.")
        ledger.not_applicable(here, "Says what stands behind the proxy; LiteLLM has no place for it.")
    for number, kind in enumerate(policy.classes):
        place = f"/classes/{number}"
        ledger.exact(f"{place}/id", f"model_list: the group {kind.id}")
        ledger.not_applicable(f"{place}/request_class", "Its name in the analysis.")
        ledger.approximated(
            f"{place}/match", "LiteLLM matches by the model's name alone: the edge must set it.", kind.id
        )
        ledger.unsupported(f"{place}/lane", "LiteLLM orders waiting by a number in the request.")
        if ledger.has(f"{place}/queue"):
            ledger.unsupported(f"{place}/queue", "LiteLLM has no bounded queue.")
        if ledger.has(f"{place}/admission"):
            ledger.unsupported(f"{place}/admission", "LiteLLM does not bound a group's requests in progress.")
        if ledger.has(f"{place}/data_boundary"):
            is_required = kind.data_boundary is not None and kind.data_boundary.enforcement == "required"
            reason = (
                "every deployment of the file lies within"
                if is_required
                else "the deployments of the class lie within"
            )
            ledger.exact(f"{place}/data_boundary", reason)
        if ledger.has(f"{place}/placement/fallback"):
            ledger.exact(f"{place}/placement/fallback", "no group for it")
    ledger.unsupported("/default_class", "LiteLLM refuses a request for a group that it does not know.")


def _variable(identifier: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in identifier).upper()


TARGET: Final = Target("litellm", emit_litellm)
