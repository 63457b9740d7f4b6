"""Which side of a class does a setting change, and which classes does advice change?

In: changes of the recommendations document, and which pools serve which class. Out: the changes of a class by aspect.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from costctl.documents.changes import SettingChange
from costctl.documents.portfolio import AspectName
from costctl.documents.recommendations import Recommendation

# Of what is kept, and where it is read from.
_STORAGE: Final = frozenset(
    {
        "pool.prefix_cache_tokens",
        "pool.enable_prefix_caching",
        "pool.dispatch",  # to the replica that has the prefix
        "pool.dispatch.most_ahead",
        "class.cache.size",
        "class.hot_reads.size",
        "class.storage.copies",
        "class.prompt_cache",
        "class.prompt_cache.until",
        "class.affinity",
        "class.response_cache.ttl",
    }
)
# Of when it is served, in which order, and how often it is tried.
_SCHEDULING: Final = frozenset(
    {
        "pool.batch.window",
        "pool.batch.preferred",
        "class.batch.window",
        "class.lane",
        "class.weight",
        "class.min_share",
        "class.queue.limit",
        "class.queue.max_wait",
        "class.queue.shed_above",
        "class.queue.on_refusal",
        "class.queue.on_expiry",
        "class.queue.demote_to",
        "class.fallback",
        "class.defer.hours",
        "class.defer.within",
        "class.admission.concurrency",
        "class.admission.per_minute",
        "class.timeout",
        "class.retries",
        "class.backoff",
        "class.backoff_factor",
        "class.service_tier",
        "class.retry.attempts",
        "class.retry.wait",
        "class.loop.steps",
    }
)
# Of what serves it, how much of that there is, and how much it is given to read and lets write.
_COMPUTE: Final = frozenset(
    {
        "pool.replicas",
        "pool.schedule",
        "pool.start_up",
        "pool.scaling.least",
        "pool.scaling.most",
        "pool.scaling.target_outstanding",
        "pool.scaling.interval",
        "pool.scaling.delay",
        "pool.scaling.idle",
        "pool.max_num_seqs",
        "pool.max_batched_tokens",
        "pool.prefill",
        "pool.kv_tokens",
        "pool.batch.size",
        "class.pool",
        "class.pool.weights",
        "class.model",
        "class.own",
        "class.own.replicas",
        "class.context.most_tokens",
        "class.output.most_tokens",
        "commitment.units",
    }
)
ASPECT_OF: Final[Mapping[str, AspectName]] = {
    **dict.fromkeys(_COMPUTE, "compute"),
    **dict.fromkeys(_STORAGE, "storage"),
    **dict.fromkeys(_SCHEDULING, "scheduling"),
}


def changed_classes(advice: Recommendation, served: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """The classes that advice changes, by name: those of its settings, and all that a pool serves whose settings it
    changes; empty where it is about none. served: pool → classes of which it took calls.
    """
    made = [each for each in advice.change if each.from_ != each.to]
    named = {each.request_class for each in made if each.request_class is not None}
    on_pools = {name for each in made for name in served.get(each.pool or "", ())}
    return tuple(sorted(named | on_pools))


def changes_of_class(
    advice: Recommendation, request_class: str, served: Mapping[str, frozenset[str]], aspect: AspectName
) -> tuple[SettingChange, ...]:
    """What of the advice changes this side of the class."""
    return tuple(
        each
        for each in advice.change
        if each.from_ != each.to
        and ASPECT_OF[each.lever] == aspect
        and (each.request_class == request_class or request_class in served.get(each.pool or "", ()))
    )
