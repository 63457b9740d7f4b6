"""What is a setting about when it is rolled out? Its phase, its kind, and with what it goes together.

In: the name of a setting. Out: its ``Kind``. The order of ``KINDS`` is the order of the steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from costctl.documents.policy_plan import Phase


@dataclass(frozen=True, slots=True)
class Kind:
    """title: what a step of it is called.  is_together: all classes and backends may change in one step.

    undivided: why no part of the traffic can be given the change; empty where weights or replicas divide it.
    is_slower: it makes requests wait on purpose, so that their latency is no sign of a fault.
    """

    name: str
    phase: Phase
    title: str
    is_together: bool = False
    undivided: str = (
        "A policy has no share of it: load it on one gateway first where there are several, else at once."
    )
    is_slower: bool = False


_AT_ONCE: Final = "Data that must not go elsewhere stops going there at once: a part of it would still leave."
_NOBODY: Final = "Nothing changes for callers."
_NO_ROUTE: Final = "At once: no request is served otherwise for it."

NARROWER: Final = Kind("narrower", "route", "Narrower data boundary", undivided=_AT_ONCE)
MEASURE: Final = Kind("measure", "measure", "Class labels and a baseline", undivided=_NOBODY)
BACKEND_ADDED: Final = Kind("backend added", "measure", "New backends", True, _NOBODY)
WIDER: Final = Kind("wider", "route", "Wider data boundary", undivided=_NO_ROUTE)
TOLD_APART: Final = Kind("told apart", "route", "How classes are told apart")
CLASS_ADDED: Final = Kind("class added", "route", "New class")
ORDER: Final = Kind("order", "route", "Order of service")
BACKEND_MOVED: Final = Kind("backend moved", "route", "What a backend is")
PLACEMENT: Final = Kind("placement", "route", "Placement", undivided="")
FALLBACKS: Final = Kind("fallbacks", "route", "Fallbacks", True)
TIERS: Final = Kind("tiers", "route", "Service tier", is_slower=True)
MOVED: Final = Kind("moved", "route", "Data boundary, narrowed again", undivided=_NO_ROUTE)
CLASS_GONE: Final = Kind("class gone", "route", "Retired class")
TIMEOUTS: Final = Kind("timeouts", "tune", "Timeouts and retries", True)
QUEUES: Final = Kind("queues", "tune", "Queue and admission limits", True)
BATCHES: Final = Kind("batches", "tune", "Batching", True)
ROUTING: Final = Kind("routing", "tune", "Routing within pools", True)
PROMPT_CACHES: Final = Kind("prompt caches", "tune", "Prompt caching", True)
RESPONSE_CACHES: Final = Kind("response caches", "tune", "Response caches", True)
CAPS: Final = Kind("caps", "tune", "Caps on steps and tokens", True)
OTHER: Final = Kind("other", "tune", "Other settings", True)
CAPACITY: Final = Kind("capacity", "operate", "Replicas and their schedule", True)
DEFERRAL: Final = Kind("deferral", "operate", "Deferral", True, is_slower=True)
BACKEND_GONE: Final = Kind("backend gone", "operate", "Retired backends", True, _NO_ROUTE)
EXPIRY: Final = Kind("expiry", "operate", "Expiry and review", undivided=_NO_ROUTE)

KINDS: Final = (
    NARROWER, MEASURE, BACKEND_ADDED, WIDER, TOLD_APART, CLASS_ADDED, ORDER, BACKEND_MOVED, PLACEMENT, FALLBACKS, TIERS,
    MOVED, CLASS_GONE, TIMEOUTS, QUEUES, BATCHES, ROUTING, PROMPT_CACHES, RESPONSE_CACHES, CAPS, OTHER, CAPACITY,
    DEFERRAL, BACKEND_GONE, EXPIRY,
)  # fmt: skip

# Settings of classes and backends by name, or by the group that the part before the dot names.
_OF_SETTINGS: Final[Mapping[str, Kind]] = {
    "match": TOLD_APART,
    "data_classification": TOLD_APART,
    "lane": ORDER,
    "placement.targets": PLACEMENT,
    "placement.fallback": FALLBACKS,
    "service_tier": TIERS,
    "timeout_us": TIMEOUTS,
    "retries": TIMEOUTS,
    "backoff_us": TIMEOUTS,
    "queue": QUEUES,
    "admission": QUEUES,
    "max_concurrency": QUEUES,
    "batch": BATCHES,
    "batching": BATCHES,
    "routing": ROUTING,
    "affinity": ROUTING,
    "prompt_cache": PROMPT_CACHES,
    "response_cache": RESPONSE_CACHES,
    "caps": CAPS,
    "defer": DEFERRAL,
    "replicas": CAPACITY,
    "schedule": CAPACITY,
    "start_up_us": CAPACITY,
    "model": BACKEND_MOVED,
    "pool": BACKEND_MOVED,
    "provider": BACKEND_MOVED,
    "region": BACKEND_MOVED,
    "jurisdiction": BACKEND_MOVED,
    "boundary": BACKEND_MOVED,
    "keeps": BACKEND_MOVED,
    "tier": BACKEND_MOVED,
    # Of the policy as a whole.
    "order of classes": TOLD_APART,
    "default_class": TOLD_APART,
    "lanes": ORDER,
    "validity": EXPIRY,
}


def kind_of(setting: str) -> Kind:
    """Of any setting but data_boundary, whose kind its change decides."""
    return _OF_SETTINGS.get(setting) or _OF_SETTINGS.get(setting.partition(".")[0], OTHER)
