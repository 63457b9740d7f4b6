"""What does Bifrost count, and which answers does it keep? Rate limits of models, and its cache.

In: a policy, its providers. Out: parts of the file as plain dicts. Bifrost counts by virtual key, provider and model,
and not by rule: a class's rate is carried where it alone asks one model of a provider, and asks no other.
https://docs.getbifrost.ai/features/governance/budget-and-limits · https://docs.getbifrost.ai/features/semantic-caching
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from costctl.documents.policy import Backend, Policy, PolicyClass
from costctl.policy.mislabelled import reached_by
from costctl.policy.targets.bifrost_providers import Upstream
from costctl.policy.targets.kube_names import labels_of
from costctl.units import US_PER_S

Json = dict[str, Any]
REDIS: Final = "REDIS_ADDR"
CACHE_KEY: Final = "x-bf-cache-key"


def governance_of(policy: Policy, upstreams: Sequence[Upstream], rules: list[Json]) -> Json:
    """The section governance."""
    labels = labels_of([kind.id for kind in policy.classes])
    limited = [(kind, backend) for kind in policy.classes if (backend := counted_at(kind, policy, upstreams))]
    by_backend = {backend.id: each.name for each in upstreams for backend in each.backends}
    found: Json = {}
    if limited:
        found["rate_limits"] = [_limit(labels[kind.id], kind) for kind, _ in limited]
        found["model_configs"] = [
            {
                "id": labels[kind.id],
                "model_name": backend.model,
                "provider": by_backend[backend.id],
                "rate_limit_id": labels[kind.id],
            }
            for kind, backend in limited
        ]
    return {**found, "routing_rules": rules}


def counted_at(kind: PolicyClass, policy: Policy, upstreams: Sequence[Upstream]) -> Backend | None:
    """The model at which a class's rate is counted; None where it has none, or another class asks it too."""
    if kind.admission is None or (
        kind.admission.requests_per_minute is None and kind.admission.tokens_per_minute is None
    ):
        return None
    mine = reached_by(kind)
    if len(mine) != 1:
        return None
    backend = next(each for each in policy.backends if each.id == mine[0])
    provider = next(each for each in upstreams if backend in each.backends)
    alike = {each.id for each in provider.backends if each.model == backend.model}
    asking = [each for each in policy.classes if alike & set(reached_by(each))]
    return backend if backend.model is not None and asking == [kind] else None


def plugins_of(policy: Policy) -> list[Json]:
    """The plugins that the file needs."""
    found: list[Json] = [{"enabled": True, "name": "governance", "config": {"is_vk_mandatory": False}}]
    ttl_s = answer_ttl_s(policy)
    if ttl_s is not None:
        config = {"dimension": 1, "ttl": ttl_s, "cache_by_model": True, "cache_by_provider": True}
        found.append({"enabled": True, "name": "semantic_cache", "config": config})
    return found


def answer_ttl_s(policy: Policy) -> int | None:
    """For how long answers are kept: the shortest of the classes that keep some; None where none does."""
    return min((ttl // US_PER_S or 1 for ttl in _ttls(policy)), default=None)


def vector_store_of(policy: Policy) -> Json:
    """Where answers are kept; empty where none are."""
    if answer_ttl_s(policy) is None:
        return {}
    return {"vector_store": {"enabled": True, "type": "redis", "config": {"addr": f"env.{REDIS}"}}}


def _ttls(policy: Policy) -> Iterator[int]:
    for kind in policy.classes:
        if kind.response_cache is not None and kind.response_cache.ttl_us:
            yield kind.response_cache.ttl_us


def _limit(label: str, kind: PolicyClass) -> Json:
    found: Json = {"id": label}
    if kind.admission is not None and kind.admission.requests_per_minute is not None:
        found |= {"request_max_limit": kind.admission.requests_per_minute, "request_reset_duration": "1m"}
    if kind.admission is not None and kind.admission.tokens_per_minute is not None:
        found |= {"token_max_limit": kind.admission.tokens_per_minute, "token_reset_duration": "1m"}
    return found
