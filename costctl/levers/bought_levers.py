"""Which settings are there of what is bought by the token? Rows as in ``table``; a bill is run again under them."""

from __future__ import annotations

from typing import Final

from costctl.levers.table import MOST_REPLICAS, MOST_S, Lever, Owner

CACHING: Final = ("none", "5m", "1h")
BREAKPOINTS: Final = ("system", "conversation")
AFFINITY: Final = ("none", "prefix")
TIERS: Final = ("default", "batch", "flex", "priority")
MOST_ATTEMPTS: Final = 11  # as policies carry retries: 10, and the first

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
        pointer="/prompt_cache/keep",
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
        pointer="/prompt_cache/until",
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
        pointer="/affinity",
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
        pointer="/service_tier",
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
        pointer="/placement/targets",
        form="model",
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
        pointer="/response_cache/ttl_us",
        form="microseconds",
    ),
    Lever(
        "class",
        "retry.attempts",
        "most_attempts",
        "count",
        "attempts",
        "caller",
        "how often a call is attempted, the first time included",
        least=1,
        absent="as the callers retry today",
        pointer="/retries",
        form="attempts",
        most=MOST_ATTEMPTS,
    ),
    Lever(
        "class",
        "loop.steps",
        "most_steps",
        "count",
        "calls",
        "caller",
        "after how many calls a request is stopped",
        least=1,
        absent="as the agents stop today",
        pointer="/caps/steps",
    ),
    Lever(
        "class",
        "context.most_tokens",
        "most_input_tokens",
        "count",
        "tokens",
        "caller",
        "how many tokens of a prompt are sent; of the history the oldest is left out",
        least=1,
        absent="as the calls send today",
        pointer="/caps/input_tokens",
    ),
    Lever(
        "class",
        "output.most_tokens",
        "most_output_tokens",
        "count",
        "tokens",
        "caller",
        "how many tokens an answer may have",
        least=1,
        absent="as the calls ask today",
        pointer="/caps/output_tokens",
    ),
    Lever(
        "class",
        "own",
        "own",
        "pool",
        None,
        "global",
        "which replicas of your own serve the class; what does not fit is bought as today",
        absent="none",
    ),
    Lever(
        "class",
        "own.replicas",
        "own_replicas",
        "count",
        "replicas",
        "global",
        "how many of these replicas are paid for",
        least=1,
        most=MOST_REPLICAS,
        absent="none",
    ),
    Lever(
        "commitment",
        "units",
        "units",
        "count",
        "units",
        "global",
        "how many units of the offer are paid for by time; what does not fit is bought at list price",
        absent="none",
    ),
)
# Those that a policy has a place for.
CARRIED: Final = tuple(lever for lever in BOUGHT_LEVERS if lever.pointer is not None)


def bought_lever(owner: Owner, name: str) -> Lever:
    """The row of this name."""
    return next(each for each in BOUGHT_LEVERS if (each.owner, each.name) == (owner, name))
