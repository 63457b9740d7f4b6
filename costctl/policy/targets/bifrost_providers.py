"""Whom does Bifrost ask? Its providers: one for each pool, and one for what is bought of a provider in a region.

In: a policy, the pools that it reaches. Out: ``Upstream``s, and each as a plain dict. A pool is a custom provider that
is asked as OpenAI is. Calls in progress and what waits for them, time-outs and retries are by provider.
https://github.com/maximhq/bifrost/blob/main/transports/config.schema.json · https://docs.getbifrost.ai/providers
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from costctl.documents.policy import Backend, PolicyClass
from costctl.policy.targets.addresses import address_variables, host_names
from costctl.policy.targets.envoy_clusters import MOST, connections, pending
from costctl.policy.targets.kube_names import labels_of
from costctl.policy.targets.reached_pools import ReachedPool
from costctl.pricing.provider_names import provider_id, squashed
from costctl.units import US_PER_S

Json = dict[str, Any]
OWN_QUEUE: Final = 5000  # calls that wait, where a provider's concurrency is said and nothing of its queue
OWN_TIMEOUT_S: Final = 30
_US_PER_MS: Final = 1000
_LEAST_WAIT_MS: Final = 100  # of Bifrost's waits between attempts
_PORT: Final = 8000  # of vLLM and of what is like it
_REGION: Final = "env.AWS_REGION"
_WORDS: Final[Mapping[str, str]] = {
    "openai": "openai",
    "anthropic": "anthropic",
    "aws": "bedrock",
    "azure": "azure",
    "cerebras": "cerebras",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "fireworks": "fireworks",
    "groq": "groq",
    "mistral": "mistral",
    "openrouter": "openrouter",
    "perplexity": "perplexity",
    "x-ai": "xai",
}
_BUILT_IN: Final = frozenset({*_WORDS.values(), "gemini", "vertex", "ollama", "sgl", "vllm"})


@dataclass(frozen=True, slots=True)
class Upstream:
    """A provider of Bifrost. name: by which rules ask it.  word: whose interface it has.  pools: what it stands for.
    is_custom: whether Bifrost does not know it by its name.  host: of a pool, or in place of one that is unknown.
    key: the variable that holds its key.
    """

    name: str
    word: str
    pools: tuple[ReachedPool, ...]
    is_custom: bool
    host: str | None
    key: str

    @property
    def kinds(self) -> tuple[PolicyClass, ...]:
        """The classes that reach it, in order."""
        return tuple(dict(member for pool in self.pools for member in pool.reached).values())

    @property
    def backends(self) -> tuple[Backend, ...]:
        """Its models."""
        return tuple(backend for pool in self.pools for backend in pool.backends)


def upstreams_of(pools: Sequence[ReachedPool]) -> tuple[Upstream, ...]:
    """Each provider, in the order of the policy."""
    firsts = [pool.backends[0] for pool in pools]
    hosts, keys = host_names(firsts), address_variables(firsts, "API_KEY")
    groups: dict[tuple[str, ...], list[ReachedPool]] = {}
    for pool in pools:
        groups.setdefault(_group(pool), []).append(pool)
    regions: dict[str, set[tuple[str, ...]]] = {}
    for group in groups:
        regions.setdefault(group[0], set()).add(group)
    names = labels_of([_wanted_name(group, hosts, members) for group, members in groups.items()], _BUILT_IN)
    found = []
    for group, members in groups.items():
        first = members[0].backends[0]
        word = "openai" if group[0] in ("pool", "unknown") else group[0]
        is_custom = group[0] in ("pool", "unknown") or len(regions[group[0]]) > 1
        host = hosts[first.id] if group[0] in ("pool", "unknown") else None
        name = names[_wanted_name(group, hosts, members)] if is_custom else word
        key = keys[first.id] if is_custom else f"{word.upper()}_API_KEY"
        found.append(Upstream(name, word, tuple(members), is_custom, host, key))
    return tuple(found)


def provider_of(upstream: Upstream) -> Json:
    """The provider as it stands in the file."""
    found: Json = {"keys": [_key(upstream)]}
    network = _network(upstream)
    if network:
        found["network_config"] = network
    most = concurrency(upstream)
    if most is not None:
        found["concurrency_and_buffer_size"] = {
            "concurrency": most,
            "buffer_size": queue_length(upstream) or OWN_QUEUE,
        }
    if upstream.is_custom:
        found["custom_provider_config"] = {"base_provider_type": upstream.word}
    return found


def is_interface_known(upstream: Upstream) -> bool:
    """Whether Bifrost has words for its interface; else it is asked as OpenAI is."""
    return upstream.host is None or not upstream.pools[0].is_bought


def base_url(upstream: Upstream) -> str | None:
    """Where it is; None where Bifrost knows."""
    if upstream.host is None:
        return None
    if upstream.pools[0].is_bought:
        return f"https://{upstream.host}.example.com"
    return f"http://{upstream.host}:{_PORT}"


def concurrency(upstream: Upstream) -> int | None:
    """Calls in progress; None where the policy sets no number that Bifrost can count."""
    found = connections(upstream.pools[0]) if len(upstream.pools) == 1 else None
    return None if found == MOST else found


def queue_length(upstream: Upstream) -> int | None:
    """Calls that wait; None where nothing does, the classes do not say, or any number may."""
    found = None if concurrency(upstream) is None else pending(upstream.pools[0])
    return None if found == MOST else found


def drops_excess(upstreams: Iterable[Upstream]) -> bool:
    """Whether a call for which there is no place in a queue is refused, and does not wait for one: of all providers."""
    return any(queue_length(each) is not None for each in upstreams)


def timeout_s(upstream: Upstream) -> int | None:
    """The longest time-out of its classes, and Bifrost's own for one that has none; None where none has."""
    said = [kind.timeout_us for kind in upstream.kinds if kind.timeout_us is not None]
    if not said:
        return None
    longest = max(-(-each // US_PER_S) for each in said)
    return longest if len(said) == len(upstream.kinds) else max(longest, OWN_TIMEOUT_S)


def retries(upstream: Upstream) -> int | None:
    """The fewest that its classes allow; None where none says."""
    return min((kind.retries for kind in upstream.kinds if kind.retries is not None), default=None)


def backoff_ms(upstream: Upstream) -> int | None:
    """The longest wait that its classes ask for; None where none does."""
    said = [kind.backoff_us for kind in upstream.kinds if kind.backoff_us]
    return max((max(_LEAST_WAIT_MS, -(-each // _US_PER_MS)) for each in said), default=None)


def _group(pool: ReachedPool) -> tuple[str, ...]:
    """Pools of one group are one provider."""
    backend = pool.backends[0]
    if not pool.is_bought:
        return ("pool", pool.name)
    word = _word(backend.provider or "")
    return ("unknown", pool.name) if word is None else (word, backend.region or "")


def _word(provider: str) -> str | None:
    found = provider_id(provider)
    if found == "google":
        return "vertex" if "vertex" in squashed(provider) else "gemini"
    return None if found is None else _WORDS.get(found)


def _wanted_name(group: tuple[str, ...], hosts: Mapping[str, str], members: Sequence[ReachedPool]) -> str:
    if group[0] in ("pool", "unknown"):
        return hosts[members[0].backends[0].id]
    return "-".join(part for part in group if part)


def _key(upstream: Upstream) -> Json:
    models = [backend.model for backend in upstream.backends]
    named = sorted({model for model in models if model is not None})
    found: Json = {
        "name": upstream.name,
        "value": f"env.{upstream.key}",
        "models": ["*"] if None in models else named,
        "weight": 1,
    }
    region = upstream.backends[0].region
    if upstream.word == "bedrock":
        del found["value"]  # a role, or what else the AWS SDK finds
        found["bedrock_key_config"] = {"region": region or _REGION}
    elif upstream.word == "azure":
        found["azure_key_config"] = {"endpoint": f"env.{upstream.key.removesuffix('_API_KEY')}_ENDPOINT"}
    elif upstream.word == "vertex":
        del found["value"]
        found["vertex_key_config"] = {
            "project_id": "env.VERTEX_PROJECT_ID",
            "region": region or "env.VERTEX_REGION",
            "auth_credentials": "env.VERTEX_CREDENTIALS",
        }
    return found


def _network(upstream: Upstream) -> Json:
    wait_ms = backoff_ms(upstream)
    found = {
        "base_url": base_url(upstream),
        "allow_private_network": True if upstream.host and not upstream.pools[0].is_bought else None,
        "default_request_timeout_in_seconds": timeout_s(upstream),
        "max_retries": retries(upstream),
        "retry_backoff_initial": wait_ms,
        "retry_backoff_max": None if wait_ms is None else 10 * wait_ms,
    }
    return {name: value for name, value in found.items() if value is not None}
