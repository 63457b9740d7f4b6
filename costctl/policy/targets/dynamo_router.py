"""How does Dynamo's router give the calls of a model to its workers, and who waits where? Its policy, for one backend.

In: an engine, the default class of the policy. Out: the mode of the router, and the content of its policy file.

Queues of classes are the KV router's alone. It holds a request back once every worker has more prefill pending than
the threshold of its class allows, and serves the classes that wait by deficit round robin: each round a class
earns its quantum in prompt tokens, and is served when that comes to a request. The last lane earns one token, each lane
before it a power of two more than the next, so that it goes first and none starves. A limit is counted for each worker;
0 lets nothing wait.
Read in the packages ai-dynamo 1.6.1 and ai-dynamo-runtime 1.6.1 (2026-12-01):
dynamo/common/configuration/groups/router_args.py, kv_router_args.py; lib/kv-router/src/scheduling/policy_config.rs,
policy_queue.rs at https://github.com/ai-dynamo/dynamo.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from costctl.documents.policy import AtMost, PolicyClass, RejectWhenBusy
from costctl.policy.targets.reached_pools import limited_depth
from costctl.policy.targets.vllm_arguments import Engine

PENDING_STEPS: Final = 1.0  # prefill of a worker, in steps of its engine, beyond which classes wait
_MODES: Final = {"round_robin": "round-robin", "least_outstanding": "least-loaded"}
_MOST_DOUBLINGS: Final = 40  # from the last lane to the first: a quantum fits in 64 bits, and sums of it
_BUCKET: Final = "any"  # of prompt tokens that are not cached: one for all
_BY_LOAD: Final = "by-load"


def lanes_here(engine: Engine) -> tuple[str, ...]:
    """The lanes of the classes that come here, in the order of service."""
    reached = {kind.lane for _, kind in engine.reached}
    return tuple(lane for lane in engine.order if lane in reached)


def has_queues(engine: Engine) -> bool:
    """Whether the router keeps classes apart: where lanes have an order, or what waits has a limit."""
    is_limited = any(_limit(engine, kind) is not None for _, kind in engine.reached)
    return is_limited or len(lanes_here(engine)) > 1


def router_mode(engine: Engine) -> str | None:
    """What ``--router-mode`` says; None for Dynamo's own, in turn."""
    if engine.keeps_prefixes or has_queues(engine):
        return "kv"
    rule = None if engine.backend.routing is None else engine.backend.routing.rule
    return None if rule is None else _MODES.get(rule)


def router_policy(engine: Engine, default_class: str) -> dict[str, Any] | None:
    """What ``--router-policy-config`` reads; None where nothing is to be said."""
    if router_mode(engine) != "kv":
        return None
    found: dict[str, Any] = {}
    if not engine.keeps_prefixes:
        found |= _without_prefixes()
    if has_queues(engine):
        name = class_of_others(engine, default_class)
        found |= {
            "default_policy_family": name,
            "uncached_isl_buckets": [{"min_tokens": 0, "bucket": _BUCKET}],
            "policy_classes": list(_classes(engine, name)),
        }
    return found or None


def class_of_others(engine: Engine, default_class: str) -> str:
    """The class of a request that names none, or one that is not there: the default, or the last that comes here."""
    names = [kind.id for _, kind in engine.reached]
    return default_class if default_class in names else names[-1]


def share_over_next(lanes: int) -> int:
    """Prompt tokens of a lane that are read for one of the next, while both wait. 1: too many lanes to tell apart."""
    return 1 if lanes < 2 else 2 ** min(10, _MOST_DOUBLINGS // (lanes - 1))


def _without_prefixes() -> dict[str, Any]:
    """The KV router by load alone: it credits no worker with a prefix, and listens to no events of caches."""
    instance = {
        "name": _BY_LOAD,
        "type": "dynamo-default-cost-fn",
        "parameters": {"overlap_score_credit": 0.0},
    }
    return {
        "router": {"use_kv_events": False, "router_assume_kv_reuse": False},
        "worker_selection": {"aggregated": _BY_LOAD, "instances": [instance]},
    }


def _classes(engine: Engine, default: str) -> Iterator[dict[str, Any]]:
    lanes = lanes_here(engine)
    for _, kind in engine.reached:
        family = {"policy_family": kind.id, "cache_bucket": _BUCKET} if kind.id == default else {}
        limit = _limit(engine, kind)
        yield {
            "name": kind.id,
            **family,
            "queue_policy": "fcfs",
            "quantum": share_over_next(len(lanes)) ** (len(lanes) - 1 - lanes.index(kind.lane)),
            "prefill_busy_threshold_frac": PENDING_STEPS,
            **({} if limit is None else {"request_queue_limit_per_worker": limit}),
        }


def _limit(engine: Engine, kind: PolicyClass) -> int | None:
    """How many of a class may wait for each worker; None where nothing limits it, or nobody can say."""
    is_sent_here = any(each is kind for _, each in engine.targets)
    depth = limited_depth(kind)
    if not is_sent_here or not isinstance(depth, AtMost | RejectWhenBusy):
        return None
    return engine.most_waiting(depth)
