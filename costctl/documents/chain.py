"""Requests that go through several pools: where a request's time goes, and which pool holds it up."""

from __future__ import annotations

import msgspec


class ChainStage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one pool is to the requests of a class. calls_per_request: on average over all of them.

    wait_s, work_s: a request's calls wait and are worked on for so long in the replay of today, on average and summed
    over its calls.  e2e_p95_s: of the class with one replica more; null where then not all are served.  good_requests:
    that many more of them are within their objectives then.  price_usd: of that replica in the window.
    """

    pool: str
    calls_per_request: float
    wait_s: float
    work_s: float
    e2e_p95_s: float | None
    good_requests: int
    price_usd: float


class Chain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A class whose requests go through more than one pool, replayed as one. stages: by when a request reaches them.

    e2e_p95_s: today.  bottleneck: the pool of which one replica more shortens e2e p95 the most; null where none does by
    one percent: what holds these requests up is not a wait for a replica.
    """

    request_class: str
    requests: int
    e2e_p95_s: float
    stages: tuple[ChainStage, ...]
    bottleneck: str | None
