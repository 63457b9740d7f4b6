"""Which of the settings that were asked for change nothing?

In: what was asked, and a function that replays the scenario. Out: each setting, failure or load without an effect, and
why. A setting has none where it is so today, where another replaces it, or where the replay without it ends alike:
every call at the same instants, and the same replica time paid for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from costctl.documents.simulation import WithoutEffect
from costctl.errors import UsageError
from costctl.levers.apply import applied, value_of
from costctl.levers.bought_levers import BOUGHT_LEVERS
from costctl.levers.platform import Platform
from costctl.levers.settings import Setting
from costctl.scenario.period import Trial

MOST_TRIED: Final = 8  # replays, one without each; of more settings only those that need none are told
Replay = Callable[[Platform], Trial]


def settings_without_effect(
    asked: Sequence[Setting], before: Platform, scenario: Platform, replayed: Trial, replay: Replay
) -> tuple[WithoutEffect, ...]:
    """Of the settings. before: the platform that they were set on.  scenario: as they leave it, with its failures.
    replayed: its replay.
    """
    found = []
    for place, each in enumerate(asked):
        others = [*asked[:place], *asked[place + 1 :]]
        reason = _why(each, asked[place + 1 :], before)
        if reason is None and len(asked) <= MOST_TRIED:
            without = _without(others, before, scenario, replay)
            is_idle = without is not None and is_same(without, replayed)
            reason = "the replay is the same without it" if is_idle else None
        if reason is not None:
            found.append(WithoutEffect(each.source or each.key, reason))
    return tuple(found)


def _without(others: Sequence[Setting], before: Platform, scenario: Platform, replay: Replay) -> Trial | None:
    """The replay under the other settings; None where they cannot hold without the one that is left out."""
    try:
        rules = applied(before, others)
        return replay(replace(rules, failures=scenario.failures))
    except UsageError:
        return None


def bought_without_effect(of_policy: Sequence[Setting]) -> tuple[WithoutEffect, ...]:
    """Of the settings of a policy those of what is bought by the token: they change a bill, which is no replay."""
    return tuple(
        WithoutEffect(
            each.source or each.key, "it changes what is bought by the token, which is not replayed"
        )
        for each in of_policy
        if each.lever in BOUGHT_LEVERS
    )


def failures_without_effect(
    asked: Sequence[str], scenario: Platform, replayed: Trial, replay: Replay
) -> tuple[WithoutEffect, ...]:
    """Of the failures, as they were asked for."""
    if len(asked) > MOST_TRIED:
        return ()
    failures = scenario.failures
    found = []
    for place, text in enumerate(asked):
        others = (*failures[:place], *failures[place + 1 :])
        if is_same(replay(replace(scenario, failures=others)), replayed):
            found.append(WithoutEffect(f"--fail {text}", "no call is affected"))
    return tuple(found)


def is_same(one: Trial, other: Trial) -> bool:
    """Whether every call ends alike, and the same is paid for."""
    pairs = [
        (getattr(one.outcome, name), getattr(other.outcome, name)) for name in ("begin_s", "end_s", "status")
    ]
    pairs.append((one.paid_usd, other.paid_usd))
    return all(a.shape == b.shape and np.array_equal(a, b, equal_nan=True) for a, b in pairs)


def _why(setting: Setting, later: Sequence[Setting], before: Platform) -> str | None:
    """Why the setting needs no replay to be without effect; None where it does."""
    if any(each.key == setting.key for each in later):
        return "a later setting replaces it"
    if value_of(before, setting.lever, setting.subject) == setting.value:
        return "it is so already"
    return None
