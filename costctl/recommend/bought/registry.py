"""Which kinds of advice on bought tokens are there? One line each; what they propose is in their files."""

from __future__ import annotations

from typing import Final

from costctl.recommend.bought.kinds import (
    affinity,
    breakeven,
    commitment,
    context,
    loop_cap,
    model_choice,
    output_limit,
    prompt_cache,
    response_cache,
    retry,
    service_tier,
)
from costctl.recommend.bought.proposals import BillKind

BILL_KINDS: Final[tuple[BillKind, ...]] = (
    prompt_cache.KIND,
    affinity.KIND,
    service_tier.KIND,
    response_cache.KIND,
    model_choice.KIND,
    retry.KIND,
    loop_cap.KIND,
    context.KIND,
    output_limit.KIND,
    commitment.KIND,
    breakeven.KIND,
)
