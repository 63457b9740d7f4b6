"""Which shops are there? One of seven applications over two days, most of which could cost less; and a smaller one.

Sizes are made up, of an order that a reader will recognise. What could be saved: the system prompts of ``support`` and
``agent`` are paid for anew each time; ``digest`` runs by night at interactive prices; the questions of ``faq`` and the
texts of ``index`` come again; ``triage`` asks a large model for one word. ``cached`` is in good order.

The smaller one, ``buyers``, has four applications at three providers; ``weeks`` has three, for longer.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from costctl.synth.shop.world import App, Shop
from costctl.synth.world import Spread

_START: Final = datetime(2026, 11, 23, tzinfo=UTC)  # a Monday
_SHORT: Final = Spread(60, 0.5, 8, 600)
_ANSWER: Final = Spread(170, 0.5, 20, 900)

APPS: Final = (
    App("support", "anthropic", "claude-sonnet-4-5", 1400, 2600, _SHORT, _ANSWER, turns=(1, 6), resends_history=True,
        refused_ratio=0.01, e2e_p95="8s"),
    App("agent", "anthropic", "claude-sonnet-4-5", 420, 3200, Spread(420, 0.8, 30, 4000), Spread(110, 0.5, 20, 600),
        turns=(3, 12), is_agent=True, resends_history=True, refused_ratio=0.02, e2e_p95="60s"),
    App("cached", "anthropic", "claude-sonnet-4-5", 3400, 5200, _SHORT, Spread(70, 0.5, 10, 300), caching="5m",
        e2e_p95="8s"),
    App("digest", "openai", "gpt-4.1", 620, 350, Spread(2800, 0.4, 600, 12_000), Spread(600, 0.3, 200, 1500),
        hours_utc=(1, 5), is_deferrable=True),
    App("faq", "openai", "gpt-4.1-mini", 5200, 700, Spread(25, 0.4, 6, 90), Spread(140, 0.4, 30, 400), questions=900,
        e2e_p95="6s"),
    App("index", "openai", "text-embedding-3-small", 5600, 0, Spread(420, 0.5, 30, 2000), None, questions=2600),
    App("triage", "openai", "gpt-4.1", 3300, 420, Spread(220, 0.6, 20, 1500), Spread(3, 0.4, 1, 8),
        allowed_models=("gpt-4.1", "gpt-4.1-nano"), e2e_p95="3s"),
)  # fmt: skip


BUYERS: Final = (
    App("support", "anthropic", "claude-sonnet-4-5", 260, 2600, _SHORT, _ANSWER, turns=(1, 6), resends_history=True),
    App("digest", "openai", "gpt-4.1", 160, 350, Spread(2800, 0.4, 600, 12_000), Spread(600, 0.3, 200, 1500),
        hours_utc=(1, 5), is_deferrable=True, allowed_models=("gpt-4.1", "gpt-4.1-mini")),
    App("faq", "openai", "gpt-4.1-mini", 900, 700, Spread(25, 0.4, 6, 90), Spread(140, 0.4, 30, 400), questions=160),
    App("tags", "google", "gemini-2.5-flash", 800, 300, Spread(420, 0.5, 30, 1500), Spread(40, 0.4, 8, 120),
        is_deferrable=True),
)  # fmt: skip


def shop(seed: int = 7) -> Shop:
    """Seven applications over two days."""
    return Shop("shop", seed, int(_START.timestamp()) * 1_000_000_000, 48.0, APPS)


_ROUND: Final = Spread(300, 0.6, 30, 2000)
_WASTEFUL: Final = (
    App("quotes", "openai", "gpt-4.1", 900, 600, Spread(900, 0.4, 200, 4000), _ANSWER, slow_ratio=0.06, lost_ratio=0.11,
        tries=6, max_tokens=4096),
    App("worker", "anthropic", "claude-sonnet-4-5", 350, 2800, _ROUND, Spread(110, 0.5, 20, 600), turns=(3, 10),
        is_agent=True, resends_history=True, caching="5m", runaway_ratio=0.22, runaway_turns=(25, 35)),
    App("dossier", "anthropic", "claude-sonnet-4-5", 180, 2200, _ROUND, _ANSWER,
        document=Spread(199_000, 0.012, 185_000, 208_000)),
    App("report", "openai", "gpt-4.1", 500, 400, _ROUND, _ANSWER, document=Spread(2500, 1.3, 100, 60_000)),
    App("clerk", "anthropic", "claude-sonnet-4-5", 220, 2400, _ROUND, _ANSWER, turns=(4, 7), is_agent=True,
        resends_history=True, caching="5m", refused_ratio=0.03, max_tokens=2048),
    App("desk", "openai", "gpt-4.1-mini", 1200, 2600, _SHORT, _ANSWER, deployments=8),
)  # fmt: skip


def shop_with_waste(seed: int = 7) -> Shop:
    """Six other applications: ``quotes`` makes calls again that never end, ``worker`` has runaway agents, the prompts
    of ``dossier`` are a little too long for the lower price, and some of ``report`` far longer than others; the calls
    of ``desk`` go to eight deployments; ``clerk`` does nothing of that.
    """
    return Shop("shop", seed, int(_START.timestamp()) * 1_000_000_000, 48.0, _WASTEFUL)


_OUTAGES: Final = (
    App("feeds", "openai", "gpt-4.1", 1500, 600, Spread(900, 0.4, 200, 4000), _ANSWER, turns=(1, 3), is_deferrable=True,
        outages=70),
    App("ticker", "anthropic", "claude-sonnet-4-5", 1500, 900, _ROUND, _ANSWER, turns=(1, 3), outages=70),
    App("flaky", "openai", "gpt-4.1", 900, 600, Spread(900, 0.4, 200, 4000), _ANSWER, slow_ratio=0.15),
    App("hopeless", "openai", "gpt-4.1", 400, 600, Spread(900, 0.4, 200, 4000), _ANSWER, lost_ratio=0.3, tries=4),
)  # fmt: skip


def shop_with_outages(seed: int = 7) -> Shop:
    """Four applications whose calls time out and are paid for: of ``feeds`` and ``ticker`` while their provider is
    down, again and again; of ``flaky`` at random, once; of ``hopeless`` each time that some are made.
    """
    return Shop("shop", seed, int(_START.timestamp()) * 1_000_000_000, 48.0, _OUTAGES)


def buyers(seed: int = 7) -> Shop:
    """Four applications at three providers over two days."""
    whole = Shop("buyers", seed, int(_START.timestamp()) * 1_000_000_000, 48.0, BUYERS)
    return replace(whole, characters_per_token=0.2)


_WEEKS_START: Final = datetime(2026, 10, 1, tzinfo=UTC)
_WEEKS_APPS: Final = (
    App("support", "anthropic", "claude-sonnet-4-5", 700, 1400, _SHORT, _ANSWER, turns=(1, 4), resends_history=True),
    App("digest", "openai", "gpt-4.1", 700, 350, Spread(2800, 0.4, 600, 12_000), Spread(600, 0.3, 200, 1500),
        hours_utc=(1, 5), is_deferrable=True),
    App("faq", "openai", "gpt-4.1-mini", 1500, 700, Spread(25, 0.4, 6, 90), Spread(140, 0.4, 30, 400), questions=160),
)  # fmt: skip


def weeks(seed: int = 7, days: float = 48.5) -> Shop:
    """Three applications from the beginning of a quarter on, half as busy at weekends, and busier by 8% each week."""
    start_ns = int(_WEEKS_START.timestamp()) * 1_000_000_000
    whole = Shop("weeks", seed, start_ns, days * 24.0, _WEEKS_APPS)
    return replace(whole, characters_per_token=0.1, day_swing=0.7, weekend=0.5, growth_per_week=0.08)
