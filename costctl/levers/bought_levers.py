"""Which settings are there of what is bought by the token? Rows as in ``table``; a bill is run again under them."""

from __future__ import annotations

from typing import Final

from costctl.levers.table import MOST_S, Lever

CACHING: Final = ("none", "5m", "1h")
BREAKPOINTS: Final = ("system", "conversation")
AFFINITY: Final = ("none", "prefix")
TIERS: Final = ("default", "batch", "flex", "priority")

BOUGHT_LEVERS: Final = (
    Lever(
        "class",
        "prompt_cache",
        "caching",
        "choice",
        None,
        "caller",
        "for how long the provider is asked to keep prompts",
        choices=CACHING,
        absent="as the calls ask today",
    ),
    Lever(
        "class",
        "prompt_cache.until",
        "breakpoints",
        "choice",
        None,
        "caller",
        "up to where prompts are kept: the system prompt, or the conversation too",
        choices=BREAKPOINTS,
        absent="conversation",
    ),
    Lever(
        "class",
        "affinity",
        "is_sticky",
        "choice",
        None,
        "global",
        "whether calls go to the deployment that has their prefix",
        choices=AFFINITY,
        absent="as calls are assigned today",
    ),
    Lever(
        "class",
        "service_tier",
        "service_tier",
        "choice",
        None,
        "caller",
        "what the calls are sold as",
        choices=TIERS,
        absent="as the calls ask today",
    ),
    Lever(
        "class",
        "model",
        "model",
        "model",
        None,
        "caller",
        "the model that serves the class",
        absent="as the calls ask today",
    ),
    Lever(
        "class",
        "response_cache.ttl",
        "response_ttl_s",
        "duration",
        "s",
        "global",
        "for how long an answer is given again to who asks the same",
        most=MOST_S,
        absent="answers are not kept",
    ),
)
