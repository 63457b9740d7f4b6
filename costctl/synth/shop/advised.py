"""A small shop that is advised, and the same shop in the two days after, when some of the advice was taken.

``support`` has its prompts kept for an hour, half of the nightly ``digest`` goes through the batch tier, ``triage``
asks a small model; nobody has touched ``cached`` and ``faq``. A fifth more people came.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from costctl.synth.shop.later import Remedy, later
from costctl.synth.shop.presets import shop
from costctl.synth.shop.world import Shop

_SESSIONS: Final = {"support": 160.0, "cached": 160.0, "digest": 140.0, "faq": 300.0, "triage": 200.0}
_TAKEN: Final = (
    Remedy("support", {"caching": "1h"}),
    Remedy("digest", {"tier": "batch"}, part=0.5),
    Remedy("triage", {"model": "gpt-4.1-nano"}),
)
_MORE_PEOPLE: Final = 1.2


def advised(seed: int) -> Shop:
    """The shop before."""
    whole = shop(seed)
    apps = (replace(app, sessions=_SESSIONS[app.name]) for app in whole.apps if app.name in _SESSIONS)
    return replace(whole, name="advised", apps=tuple(apps))


def advised_later(seed: int) -> Shop:
    """The two days after."""
    return replace(later(advised(seed), _TAKEN, _MORE_PEOPLE), name="advised-later")
