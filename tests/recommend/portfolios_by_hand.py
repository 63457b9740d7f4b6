"""Portfolios of a few classes that are written down: what serves them, what is charged, what is recommended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl
from msgspec.structs import replace

from costctl.documents.estimate import Estimate
from costctl.documents.portfolio import ClassFacts, Portfolio
from costctl.documents.provenance import Provenance
from costctl.documents.recommendations import (
    SCHEMA_VERSION,
    Baseline,
    Increment,
    Joint,
    Recommendation,
    Recommendations,
)
from costctl.documents.settings import Pool, Settings
from costctl.levers.settings import setting
from costctl.recommend.portfolio.document import ClassBill, build_portfolio
from costctl.recommend.portfolio.today import Served, Today
from tests.recommend.studied_shop import recommended

CHAT: Final = ClassFacts(
    generation_calls=1.0,
    prompt_tokens_p50=700.0,
    output_tokens_p50=160.0,
    bought_ratio=0.0,
    cached_input_ratio=0.1,
    objectives=("ttft_p95 800ms",),
    has_objective=True,
)
AGENT: Final = ClassFacts(generation_calls=6.0, tool_runs=4.0, bought_ratio=1.0, waiting_tier_ratio=0.0)
EMBEDDING: Final = ClassFacts(embedding_calls=6.0, generation_calls=0.0, bought_ratio=0.0)
FACTS: Final = {"chat": CHAT, "agent": AGENT, "embed": EMBEDDING}
# chat and embed share the pool gpu; agent is bought.
SERVED: Final = Served(
    pools=pl.DataFrame({"request_class": ["chat", "embed"], "pool": ["gpu", "gpu"], "n": [30, 10]}),
    bought=pl.DataFrame(
        {"request_class": ["agent"], "model": ["claude"], "service_tier": ["default"], "n": [60]}
    ),
    reads=pl.DataFrame(
        {"request_class": ["chat", "chat"], "storage": ["hot", "cold"], "n": [1, 3]},
        schema={"request_class": pl.String, "storage": pl.String, "n": pl.Int64},
    ),
)
TODAY: Final = Today(SERVED, {"gpu": "gpu (2 replicas)"}, Settings(pools={"gpu": Pool()}))
BILLS: Final = (
    ClassBill("embed", 10, 1.0, 7.0, 0),
    ClassBill("agent", 10, 5.0, 35.0, 0),
    ClassBill("chat", 30, 3.0, 21.0, 0),
)
BASELINE: Final = Baseline(
    usd=10.0,
    requests=50,
    observed_hours=24.0,
    unpriced_charges=0,
    is_weekly_given=True,
    usd_per_week=70.0,
    requests_per_week=350.0,
    idle_usd=1.0,
    idle_usd_per_week=7.0,
    idle_ratio=0.1,
    pools=(),
    bought_usd=5.0,
)
PROVENANCE: Final = Provenance("0", (), "", "", {}, 0)


def about(usd: float) -> Estimate:
    """An amount with an interval."""
    return Estimate(low=usd * 0.9, mid=usd, high=usd * 1.1, level=0.95, method="by hand")


CACHED_PROMPTS: Final = replace(
    recommended("prompt_cache.agent", setting("class", "prompt_cache", "agent", "5m")),
    kind="prompt_cache",
    request_class="agent",
    cash_usd=about(2.0),
    cash_usd_per_week=about(14.0),
)
FEWER_REPLICAS: Final = replace(
    recommended("capacity.gpu", setting("pool", "replicas", "gpu", 1)),
    kind="capacity",
    request_class=None,
    pool="gpu",
    cash_usd=about(1.0),
    cash_usd_per_week=about(7.0),
    freed_usd=about(0.5),
    freed_usd_per_week=about(3.5),
)
UNITS: Final = replace(
    recommended("commitment.ptu", setting("commitment", "units", "ptu", 2)),
    kind="commitment",
    request_class=None,
    commitment="ptu",
    cash_usd=about(0.2),
    cash_usd_per_week=about(1.4),
)
ALL_STEPS: Final = (CACHED_PROMPTS, FEWER_REPLICAS, UNITS)


def withheld(kind: str, reason: str, **given: str | None) -> Recommendation:
    """Advice of a kind that was tried, and ruled out unless it is given otherwise."""
    made = replace(FEWER_REPLICAS, cash_usd=None, cash_usd_per_week=None, freed_usd=None, pool=None)
    made = replace(made, freed_usd_per_week=None, change=(), status="withheld", withheld_as="ruled_out")
    return replace(made, id=f"{kind}.withheld", kind=kind, reason=reason, **given)


def advised(*advice: Recommendation, baseline: Baseline = BASELINE) -> Recommendations:
    """The recommendations document of this advice; its joint is less than the sum."""
    made = [each for each in advice if each.status == "recommended"]
    order = tuple(Increment(each.id, about(0.4), about(2.8), None, None) for each in made)
    joint = Joint(about(2.5), about(17.5), about(0.4), about(2.8), order) if made else None
    return Recommendations(SCHEMA_VERSION, PROVENANCE, baseline, None, advice, joint)


def portfolio_of(
    *advice: Recommendation,
    facts: Mapping[str, ClassFacts] | None = None,
    bills: Sequence[ClassBill] = BILLS,
    baseline: Baseline = BASELINE,
) -> Portfolio:
    """The portfolio of the three classes under this advice."""
    return build_portfolio(advised(*advice, baseline=baseline), bills, facts or FACTS, TODAY, PROVENANCE)
