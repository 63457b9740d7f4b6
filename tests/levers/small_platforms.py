"""A small platform and a small period, for tests to change one thing in."""

from __future__ import annotations

import numpy as np

from costctl.levers.platform import ClassRules, Platform, PoolRules
from costctl.scenario.period import Period
from costctl.simulate.lanes import Lanes
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Pool, PoolSetup, ServiceModel, Workload

CLASSES = ("chat", "rag")


def platform() -> Platform:
    """Two pools that batch continuously and one that serves whole batches; rag uses two of them."""
    return Platform(
        pools={
            "embedder": PoolRules("static", 1, 32, "least_outstanding"),
            "large": PoolRules("continuous", 2, 64, "recorded"),
            "small": PoolRules("continuous", 1, 96, "least_outstanding"),
        },
        classes={"chat": ClassRules(("large",)), "rag": ClassRules(("embedder", "small"))},
    )


def pool(replicas: int = 1, slots: int = 8) -> Pool:
    """A pool with a step of 20 ms and 1 ms a sequence."""
    lanes = len(CLASSES)
    setup = PoolSetup(
        replicas=replicas,
        max_num_seqs=slots,
        dispatch="least_outstanding",
        batch_window_s=0.0,
        lanes=Lanes.plain(lanes),
    )
    return Pool(ServiceModel("continuous", 0.02, 0.001, 1e-5), setup)


def period(requests: int, seed: int = 0, calls_each: int = 3, window_s: float = 600.0) -> Period:
    """Requests of two classes, each a chain of calls through one pool, served as the replay of today says."""
    rng = np.random.default_rng(seed)
    start_s = np.sort(rng.uniform(0, window_s * 0.9, requests))
    request = np.repeat(np.arange(requests), calls_each)
    place = np.tile(np.arange(calls_each), requests)
    arrival_s = start_s[request] + 0.5 * place
    order = np.argsort(arrival_s, kind="stable")
    number = np.empty(order.size, np.int64)
    number[order] = np.arange(order.size)
    after = np.where(place > 0, number[np.maximum(np.arange(order.size) - 1, 0)], -1)[order]
    request, place = request[order], place[order]
    request_class = rng.integers(0, len(CLASSES), requests)
    workload = Workload(
        arrival_s=arrival_s[order],
        after=after,
        think_s=np.where(after >= 0, 0.1, 0.0),
        uncached_tokens=rng.integers(0, 2000, order.size),
        decode_steps=rng.integers(0, 40, order.size),
        lane=request_class[request],
        replica=np.zeros(order.size, np.int64),
    )
    served_by = np.zeros(order.size, np.int64)
    today = replay_network(workload, served_by, (pool(),))
    end_s, first_s = np.full((2, requests), -np.inf)
    np.maximum.at(end_s, request, today.end_s)
    is_answer = place == calls_each - 1
    first_s[request[is_answer]] = today.first_token_s[is_answer]
    return Period(
        from_s=0.0,
        to_s=window_s,
        window_s=window_s,
        pools=(pool(),),
        usd_per_s=np.array([0.001]),
        interruptions_per_s=np.zeros(1),
        workload=workload,
        pool=served_by,
        request=request,
        before=after,
        is_answer=is_answer,
        is_counted=np.ones(requests, np.bool_),
        request_class=request_class,
        duration_s=end_s - start_s,
        ttft_s=first_s - start_s,
        target_s=np.array([3.0, np.inf])[request_class],
        p99_target_s=np.full(requests, np.inf),
        deadline_s=np.full(requests, np.inf),
        ttft_target_s=np.full(requests, np.inf),
        is_success=np.ones(requests, np.bool_),
        today=today,
    )
