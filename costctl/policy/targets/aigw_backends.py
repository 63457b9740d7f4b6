"""Whom does Envoy AI Gateway ask, in which words and with which key? The backends of its routes.

In: the pools that a policy reaches, what they are called. Out: objects as plain dicts: for each pool and each bought
model a Backend and an AIServiceBackend; for what is bought its key and its certificate; for a class that may have so
many tokens a minute an AIServiceBackend of its own, and a QuotaPolicy that counts there (its ``serviceQuota`` is not
enforced).
https://github.com/envoyproxy/ai-gateway/blob/v1.1.0/api/v1beta1/ai_service_backend.go ·
https://github.com/envoyproxy/ai-gateway/blob/v1.1.0/api/v1alpha1/quota_policy.go
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from costctl.documents.policy import Backend, PolicyClass
from costctl.policy.mislabelled import reached_by
from costctl.policy.targets.aigw_routes import API, Rule, followers
from costctl.policy.targets.kube_text import Object, object_of
from costctl.policy.targets.reached_pools import ReachedPool
from costctl.pricing.provider_names import provider_id

GROUP: Final = "aigateway.envoyproxy.io"
_QUOTA_API: Final = f"{GROUP}/v1alpha1"
_GATEWAY_GROUP: Final = "gateway.envoyproxy.io"
_PORT: Final = 8000  # of vLLM and of what is like it
_TLS_PORT: Final = 443
_AZURE_VERSION: Final = "2025-01-01-preview"
_UNSEEN_REGION: Final = "REGION"
Services = dict[tuple[str, str], str]


def services_of(rules: Sequence[Rule], pools: Sequence[ReachedPool], hosts: Mapping[str, str]) -> Services:
    """By class and backend, the AIServiceBackend that is asked: that of the pool, or the class's own where its tokens
    are counted.
    """
    by_backend = {backend.id: pool for pool in pools for backend in pool.backends}
    labels = {rule.kind.id: rule.label for rule in rules}
    kinds = {rule.kind.id: rule.kind for rule in rules}
    return {
        (kind.id, name): _service_name(
            hosts[by_backend[name].name], labels[kind.id], counted_at(kind, by_backend)
        )
        for kind in kinds.values()
        for name in reached_by(kind)
    }


def counted_at(kind: PolicyClass, by_backend: Mapping[str, ReachedPool]) -> Backend | None:
    """Where a class's tokens are counted: at the only backend that it reaches; None where none are, or can be."""
    if kind.admission is None or kind.admission.tokens_per_minute is None:
        return None
    targets = [target.backend for target in kind.placement.targets if target.weight]
    if len(targets) != 1 or followers(kind):
        return None
    found = next(each for each in by_backend[targets[0]].backends if each.id == targets[0])
    return None if found.model is None else found


def backend_objects(
    rules: Sequence[Rule], pools: Sequence[ReachedPool], hosts: Mapping[str, str], services: Services
) -> Iterator[Object]:
    """Of each pool, whatever it needs; what two backends are one address of, once."""
    found: list[Object] = []
    for each in _objects(rules, pools, hosts, services):
        if each not in found:
            found.append(each)
    yield from found


def _objects(
    rules: Sequence[Rule], pools: Sequence[ReachedPool], hosts: Mapping[str, str], services: Services
) -> Iterator[Object]:
    by_backend = {backend.id: pool for pool in pools for backend in pool.backends}
    kinds = {rule.kind.id: rule.kind for rule in rules}
    used = [(kinds[kind], backend) for kind, backend in services if _is_asked(kinds[kind], backend)]
    for pool in pools:
        here = [(kind, name) for kind, name in used if by_backend[name] is pool]
        if not here:
            continue
        host = hosts[pool.name]
        yield _backend(pool, host)
        for service in dict.fromkeys(services[kind.id, name] for kind, name in here):
            yield _service(pool, host, service)
            if pool.is_bought:
                yield _key(pool.backends[0], host, service)
        if pool.is_bought:
            yield _certificate(host)
        for kind, name in here:
            counted = counted_at(kind, by_backend)
            if counted is not None and counted.id == name:
                yield _quota(kind, counted, services[kind.id, name])


def is_known_interface(backend: Backend) -> bool:
    """Whether the gateway has words of its own for the backend's interface; else it is asked as OpenAI is."""
    return backend.pool is not None or provider_id(backend.provider or "") in _INTERFACES


def host_of(pool: ReachedPool, host: str) -> str:
    """The name that is looked up: a Service of the namespace default, or in place of a provider's."""
    return f"{host}.example.com" if pool.is_bought else f"{host}.default.svc.cluster.local"


def _is_asked(kind: PolicyClass, backend: str) -> bool:
    targets = {target.backend for target in kind.placement.targets if target.weight}
    return backend in targets | {each.backend for each in followers(kind)}


def _service_name(host: str, label: str, counted: Backend | None) -> str:
    return host if counted is None else f"{host}-{label}"


def _backend(pool: ReachedPool, host: str) -> Object:
    address = {"hostname": host_of(pool, host), "port": _TLS_PORT if pool.is_bought else _PORT}
    return object_of(f"{_GATEWAY_GROUP}/v1alpha1", "Backend", host, spec={"endpoints": [{"fqdn": address}]})


def _service(pool: ReachedPool, host: str, name: str) -> Object:
    reference = {"name": host, "kind": "Backend", "group": _GATEWAY_GROUP}
    schema = {"name": "OpenAI"} if not pool.is_bought else _schema(pool.backends[0])
    return object_of(API, "AIServiceBackend", name, spec={"schema": schema, "backendRef": reference})


def _schema(backend: Backend) -> Object:
    provider = provider_id(backend.provider or "") or ""
    plain, of_claude = _INTERFACES.get(provider, ("OpenAI", "OpenAI"))
    name = of_claude if "claude" in (backend.model or "") else plain
    return {"name": name, **({"version": _AZURE_VERSION} if name == "AzureOpenAI" else {})}


def _key(backend: Backend, host: str, service: str) -> Object:
    """How the provider knows who asks: a Secret of the pool's name, which is not in the file."""
    provider = provider_id(backend.provider or "") or ""
    secret = {"secretRef": {"name": host}}
    region = backend.region or _UNSEEN_REGION
    way: Object = {
        "anthropic": {"type": "AnthropicAPIKey", "anthropicAPIKey": secret},
        "azure": {"type": "AzureAPIKey", "azureAPIKey": secret},
        "aws": {"type": "AWSCredentials", "awsCredentials": {"region": region, "credentialsFile": secret}},
        "google": {
            "type": "GCPCredentials",
            "gcpCredentials": {"projectName": "PROJECT", "region": region, "credentialsFile": secret},
        },
    }.get(provider, {"type": "APIKey", "apiKey": secret})
    target = {"group": GROUP, "kind": "AIServiceBackend", "name": service}
    return object_of(API, "BackendSecurityPolicy", service, spec={"targetRefs": [target], **way})


def _certificate(host: str) -> Object:
    """What a provider must show: a certificate for the name that it is asked by."""
    target = {"group": _GATEWAY_GROUP, "kind": "Backend", "name": host}
    validation = {"wellKnownCACertificates": "System", "hostname": f"{host}.example.com"}
    return object_of(
        "gateway.networking.k8s.io/v1",
        "BackendTLSPolicy",
        host,
        spec={"targetRefs": [target], "validation": validation},
    )


def _quota(kind: PolicyClass, backend: Backend, service: str) -> Object:
    limit = None if kind.admission is None else kind.admission.tokens_per_minute
    quota = {"mode": "Shared", "defaultBucket": {"limit": limit, "duration": "1m"}}
    target = {"group": GROUP, "kind": "AIServiceBackend", "name": service}
    per_model = [{"modelName": backend.model, "quota": quota}]
    return object_of(
        _QUOTA_API, "QuotaPolicy", service, spec={"targetRefs": [target], "perModelQuotas": per_model}
    )


# By id of a provider, the name of its interface, and that of its models called Claude.
_INTERFACES: Final[Mapping[str, tuple[str, str]]] = {
    "openai": ("OpenAI", "OpenAI"),
    "anthropic": ("Anthropic", "Anthropic"),
    "azure": ("AzureOpenAI", "AzureOpenAI"),
    "aws": ("AWSBedrock", "AWSAnthropic"),
    "google": ("GCPVertexAI", "GCPAnthropic"),
}
