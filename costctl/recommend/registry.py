"""Which kinds of advice are there? One line each; what they propose is in their files."""

from __future__ import annotations

from typing import Final

from costctl.recommend.kinds import batch_window, capacity, deferral, queue_limit, tier_placement
from costctl.recommend.proposals import Kind

KINDS: Final[tuple[Kind, ...]] = (
    batch_window.KIND,
    capacity.KIND,
    deferral.KIND,
    queue_limit.KIND,
    tier_placement.KIND,
)
# What people ask about and no kind advises on yet.
NOT_COVERED: Final[tuple[str, ...]] = ()
