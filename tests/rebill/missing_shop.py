"""A team whose prompts are not read from caches, each application for one reason, and what the world says of each.

What a cause costs is told by the world alone: its providers answer the same traffic once more with that one thing put
right, and what is then read more is what was missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from costctl.documents.cache_misses import CacheCause
from costctl.synth.shop.presets import shop
from costctl.synth.shop.provider import usage_of
from costctl.synth.shop.traffic import Call
from costctl.synth.shop.world import App, Shop
from costctl.synth.world import Spread

_SAID: Final = Spread(80, 0.5, 8, 600)
_ANSWER: Final = Spread(150, 0.5, 20, 900)
_CLAUDE: Final = ("anthropic", "claude-sonnet-4-5")
_GPT: Final = ("openai", "gpt-4.1")
_QUICK: Final = Spread(30.0, 0.5, 5.0, 120.0)
_SLOW: Final = Spread(1200.0, 0.3, 400.0, 3000.0)  # longer than 5 minutes, shorter than an hour

APPS: Final = (
    App("unasked", *_CLAUDE, 60, 2600, _SAID, _ANSWER, turns=(2, 6), think_s=_QUICK, resends_history=True),
    App("paused", *_CLAUDE, 60, 2600, _SAID, _ANSWER, turns=(2, 6), think_s=_SLOW, resends_history=True, caching="5m"),
    App("stamped", *_CLAUDE, 60, 2600, _SAID, _ANSWER, turns=(3, 6), think_s=_QUICK, resends_history=True,
        caching="5m", stamped="call"),
    App("spread", *_GPT, 60, 2600, _SAID, _ANSWER, turns=(3, 6), think_s=_QUICK, resends_history=True, deployments=4),
    App("stamped_gpt", *_GPT, 60, 2600, _SAID, _ANSWER, turns=(3, 6), think_s=_QUICK, resends_history=True,
        stamped="call"),
    App("short", *_GPT, 120, 500, _SAID, _ANSWER),
)  # fmt: skip

PUT_RIGHT: Final[dict[str, tuple[CacheCause, float, dict[str, Any]]]] = {
    "unasked": ("not_asked", 3.0 - 0.3, {"caching": "1h"}),
    "paused": ("expired", 3.75 - 0.3, {"caching": "1h"}),
    "stamped": ("prefix_changed", 3.75 - 0.3, {"stamped": "session"}),
    "spread": ("another_deployment", 2.0 - 0.5, {"deployments": 1}),
    "stamped_gpt": ("prefix_changed", 2.0 - 0.5, {"stamped": "session"}),
}
"""Of each application its cause, USD per million tokens over the price of reading them, and the one thing put right."""


def missing_shop(seed: int = 7) -> Shop:
    """The applications above, over an hour and a half."""
    return replace(shop(seed), name="missing", hours=1.5, apps=APPS, characters_per_token=0.2)


def missed_tokens(world: Shop, calls: Sequence[Call], app: str) -> int:
    """Tokens of the application that would have been read more, had its one thing been right."""
    *_, choice = PUT_RIGHT[app]
    again, _ = read_and_whole(world.changed(app, **choice), calls, app)
    return again - read_and_whole(world, calls, app)[0]


def read_and_whole(world: Shop, calls: Sequence[Call], app: str) -> tuple[int, int]:
    """Tokens of the application that were read from a cache, and that went in."""
    own = [
        usage
        for call, usage in zip(calls, usage_of(world, calls), strict=True)
        if usage is not None and world.apps[call.app].name == app
    ]
    return sum(usage.cached for usage in own), sum(usage.input for usage in own)
