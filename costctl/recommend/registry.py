"""Which kinds of advice are there? One line each; what they propose is in their files."""

from __future__ import annotations

from typing import Final

from costctl.recommend.kinds import (
    backpressure,
    batch_window,
    cache,
    capacity,
    deferral,
    engine_settings,
    fallback,
    lane,
    prefix_affinity,
    queue_limit,
    retrieval_separation,
    retry,
    storage_placement,
    tier_placement,
)
from costctl.recommend.proposals import Kind

KINDS: Final[tuple[Kind, ...]] = (
    batch_window.KIND,
    capacity.KIND,
    deferral.KIND,
    cache.KIND,
    prefix_affinity.KIND,
    queue_limit.KIND,
    backpressure.KIND,
    lane.KIND,
    storage_placement.KIND,
    retrieval_separation.KIND,
    retry.KIND,
    fallback.KIND,
    tier_placement.KIND,
    engine_settings.KIND,
)
# What people ask about and no kind advises on yet.
NOT_COVERED: Final[tuple[str, ...]] = ()
