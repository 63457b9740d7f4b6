"""Which settings were replayed before one was advised, or none? Cost against the latency that is promised."""

from __future__ import annotations

from typing import Literal

import msgspec

from costctl.documents.changes import SettingChange

CostOf = Literal["paid", "busy", "paid_and_busy"]
TriedAs = Literal["today", "advised", "other"]


class TriedSetting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of them. tried_as: today's settings, those that are advised, or another.  change: against today; empty of
    today.  usd: in the part that was replayed; usd_per_week: in a week of it, null where figures a week are not given.
    latency_s: null where so many calls are refused that it has no end.  is_kept: whether every objective is kept, or
    missed by no more than today.  is_on_frontier: whether none of those that keep every objective is as cheap and
    faster, or as fast and cheaper.
    """

    tried_as: TriedAs
    change: tuple[SettingChange, ...]
    usd: float
    usd_per_week: float | None
    latency_s: float | None
    is_kept: bool
    is_on_frontier: bool


class TriedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was tried. cost: what usd is: paid for replicas, caches and tiers; busy time at its price; or both, where
    something is paid to free time.  pools: whose.  over: which part of the window was replayed.  request_class, metric,
    target_s: the objective whose latency is told: that which is closest to its target today.  replayed: how many
    settings were, besides today's; settings: the cheapest first, 32 at most: today's, those advised, the frontier,
    then others that keep every objective; of several that come to the same the first.
    """

    cost: CostOf
    pools: tuple[str, ...]
    over: str
    request_class: str
    metric: str
    target_s: float
    replayed: int
    settings: tuple[TriedSetting, ...]


def leading_tried(found: TriedSettings, most: int) -> tuple[tuple[TriedSetting, ...], int]:
    """Today, what is advised, and as much of the frontier as there is room for beside them, in their order; and how
    many more there are.
    """
    named = [place for place, each in enumerate(found.settings) if each.tried_as != "other"]
    frontier = [
        place for place, each in enumerate(found.settings) if each.tried_as == "other" and each.is_on_frontier
    ]
    shown = sorted([*named, *frontier[: max(0, most - len(named))]])
    return tuple(found.settings[place] for place in shown), len(found.settings) - len(shown)
