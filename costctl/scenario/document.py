"""What would today's requests have met under a scenario? The simulation document, from frames and fits.

In: the frames, the settings, the fitted pools, what was asked. Out: ``Simulation``. The data flow:

    frames → fits → period (the calls, their requests, and a replay of today)
    fits → calibration (that replay against what was observed)
    what was asked + today's platform → the platform of the scenario; period + load → the period of the scenario
    both → replays with the same calls, service times and seed → results → paired differences
    scenario at rising loads → extrapolation
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from costctl.documents.policy import Policy
from costctl.documents.provenance import Provenance
from costctl.documents.settings import Settings
from costctl.documents.simulation import (
    SCHEMA_VERSION,
    Extrapolation,
    LeftOut,
    ReplicaFailure,
    Scenario,
    Simulation,
    Window,
    WithoutEffect,
)
from costctl.documents.simulation import SharedLimit as SharedLimitLine
from costctl.errors import NotEnoughDataError
from costctl.frames.cost import Frames
from costctl.levers.apply import applied, differences
from costctl.levers.from_policy import NotReplayed, from_policy
from costctl.levers.platform import Platform
from costctl.levers.reading import Names, setting_given, setting_of
from costctl.levers.settings import Setting
from costctl.levers.shared_limits import SharedLimit, shared_limits
from costctl.levers.table import LEVERS
from costctl.progress import Progress
from costctl.scenario.caches import caches_of
from costctl.scenario.calibration import calibration_of
from costctl.scenario.deferrals import deferrals_of
from costctl.scenario.differences import differences_between
from costctl.scenario.extrapolation import beyond_by_pool, extrapolation_of, seen_in_progress
from costctl.scenario.failures import failure_of
from costctl.scenario.load import at_load, load_factor_of
from costctl.scenario.measures import Billing, Replayed, result_of
from costctl.scenario.period import Period, Trial, whole_period
from costctl.scenario.setups import pools_of, require_known_prompts, served_by
from costctl.scenario.today import platform_today, settings_today, why_nothing_fits
from costctl.scenario.without_effect import (
    Replay,
    bought_without_effect,
    failures_without_effect,
    settings_without_effect,
)
from costctl.service_model.beyond_memory import beyond_memory, beyond_memory_today
from costctl.service_model.pool_fit import PoolFits
from costctl.service_model.pool_replicas import contradictions
from costctl.simulate.network import replay_network
from costctl.units import NS_PER_S, iso_utc

METHODS: Final = {
    "replay": "event-driven replay of the trace's own calls under fitted service models",
    "load": "whole requests copied or left out, each class by itself",
    "difference": "paired replay, block bootstrap",
}
_SEARCHED_TO: Final = 8.0
_CALLS_AT_MOST: Final = 20_000_000  # of one replay in the search for extrapolation: a gigabyte or two


@dataclass(frozen=True, slots=True)
class Asked:
    """What the scenario is, as it was asked for. assignments: KEY=VALUE.  settings: key → value in the lever's unit,
    or text.  load: a number, or text such as 1.5x.  failures: such as gpu:1@14:00.
    """

    policy: Policy | None = None
    assignments: tuple[str, ...] = ()
    settings: Mapping[str, object] = field(default_factory=dict)
    load: str | float | None = None
    failures: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Meant:
    """What was asked, understood. before: the platform under the policy, on which the settings are set."""

    platform: Platform
    load_factor: float
    left_out: tuple[NotReplayed, ...]
    shared_limits: tuple[SharedLimit, ...]
    before: Platform
    settings: tuple[Setting, ...]
    of_policy: tuple[Setting, ...]


def build_simulation(
    frames: Frames,
    settings: Settings,
    fits: PoolFits,
    asked: Asked,
    provenance: Provenance,
    seed: int,
    progress: Progress,
) -> Simulation:
    """The simulation document. Raises NotEnoughDataError where no pool can be replayed, UsageError where what was
    asked cannot be.
    """
    if not fits.fitted:
        raise NotEnoughDataError(
            "Nothing can be replayed.",
            why=why_nothing_fits(settings, fits),
            next_step="`costctl doctor` says what the telemetry lacks; `costctl help simulate` what a replay needs.",
        )
    today = platform_today(fits, frames.window_from_ns)
    meant = _understood(asked, frames, today)
    require_known_prompts(today, meant.platform, are_known=fits.workload.prefix is not None)
    billing = tuple(
        Billing(
            fit.name,
            settings.pools[fit.name].usd_per_replica_hour,
            settings.pools[fit.name].accelerators_per_replica,
        )
        for fit in fits.fitted
    )
    names = [fit.name for fit in fits.fitted]
    fitted = dict(zip(names, fits.pools, strict=True))
    progress("Replaying today", None)
    period = whole_period(frames, fits, settings)
    base = Replayed(period, fits.pools, period.pool, period.trial(fits.pools), fits.calls.classes, billing)

    def under(platform: Platform) -> Replayed:
        pools = pools_of(fitted, fits.calls.classes, today, platform)
        pool = served_by(at.pool, at.workload.lane, names, fits.calls.classes, platform)
        caches = caches_of(platform, fits.calls.classes, settings.storage)
        trial = at.trial(pools, pool, caches, deferrals_of(platform, fits.calls.classes))
        return Replayed(at, pools, pool, trial, fits.calls.classes, billing)

    progress("Replaying the scenario", None)
    at = at_load(period, meant.load_factor, seed)
    scenario = under(meant.platform)
    if scenario.period.workload.size == 0:
        raise NotEnoughDataError(
            "Nothing is left to replay.",
            why=f"At a load of {meant.load_factor:g} no request remains.",
            next_step="Give a larger --load.",
        )
    results = (result_of(base), result_of(scenario))
    progress("Looking for the load at which it extrapolates", None)
    extrapolation = _extrapolation(fits, scenario, period, names, meant.platform, seed)
    progress("Comparing", None)
    calibration = calibration_of(frames, fits, settings, period.today)
    return Simulation(
        schema_version=SCHEMA_VERSION,
        provenance=provenance.with_warnings(
            (
                *contradictions(frames, settings),
                *beyond_memory_today(fits),
                *_beyond_memory(scenario, names, fits.calls.classes),
            )
        ),
        window=Window(
            from_=iso_utc(frames.window_from_ns),
            to=iso_utc(frames.window_to_ns),
            requests=frames.requests.height,
            replayed_requests=results[0].requests,
        ),
        today=settings_today(fits, settings, today),
        scenario=_scenario(
            asked,
            meant,
            today,
            frames,
            _without_effect(asked, meant, scenario.trial, lambda platform: under(platform).trial),
        ),
        calibration=calibration,
        extrapolation=extrapolation,
        baseline=results[0],
        result=results[1],
        differences=differences_between(base, scenario, results, calibration, seed),
    )


def _beyond_memory(scenario: Replayed, names: Sequence[str], classes: Sequence[str]) -> tuple[str, ...]:
    """What the scenario refuses for want of memory."""
    return beyond_memory(scenario.period.workload, scenario.pool, scenario.pools, names, classes)


def _understood(asked: Asked, frames: Frames, today: Platform) -> _Meant:
    """The platform and the load: the policy first, what was set over it, then the failures."""
    names: Names = {"class": sorted(today.classes), "pool": sorted(today.pools)}
    of_policy: tuple[Setting, ...] = ()
    left_out: tuple[NotReplayed, ...] = ()
    shared: tuple[SharedLimit, ...] = ()
    if asked.policy is not None:
        of_policy, left_out = from_policy(asked.policy, today)
        unsaid = {each.pointer for each in left_out}
        shared = tuple(each for each in shared_limits(asked.policy, today) if each.pointer not in unsaid)
    written = [setting_of(text, names) for text in asked.assignments]
    given = [setting_given(key, value, names) for key, value in asked.settings.items()]
    replayed = [each for each in of_policy if each.lever in LEVERS]
    platform = applied(today, [*replayed, *written, *given])
    replicas = {name: rules.replicas for name, rules in platform.pools.items()}
    window_ns = (frames.window_from_ns, frames.window_to_ns)
    failures = tuple(failure_of(text, replicas, window_ns) for text in asked.failures)
    return _Meant(
        platform=replace(platform, failures=failures),
        load_factor=load_factor_of(asked.load),
        left_out=left_out,
        shared_limits=shared,
        before=applied(today, replayed),
        settings=(*written, *given),
        of_policy=of_policy,
    )


def _without_effect(
    asked: Asked, meant: _Meant, replayed: Trial, replay: Replay
) -> tuple[WithoutEffect, ...]:
    """Of the policy, the settings, the failures and the load."""
    scenario = meant.platform
    load = WithoutEffect(f"--load {asked.load}", "it is the recorded load")
    return (
        *bought_without_effect(meant.of_policy),
        *settings_without_effect(meant.settings, meant.before, scenario, replayed, replay),
        *failures_without_effect(asked.failures, scenario, replayed, replay),
        *([load] if asked.load is not None and meant.load_factor == 1 else []),
    )


def _extrapolation(
    fits: PoolFits, scenario: Replayed, period: Period, names: list[str], platform: Platform, seed: int
) -> Extrapolation:
    seen, pools = seen_in_progress(fits), scenario.pools

    def beyond_at(factor: float) -> list[float]:
        at = at_load(period, factor, seed)
        pool = served_by(at.pool, at.workload.lane, names, scenario.classes, platform)
        return beyond_by_pool(replay_network(at.workload, pool, pools), pools, seen)

    return extrapolation_of(
        names,
        seen,
        [pool.setup.max_num_seqs for pool in pools],
        beyond_by_pool(scenario.trial.outcome, pools, seen),
        beyond_at,
        max(2.0, min(_SEARCHED_TO, _CALLS_AT_MOST / max(period.workload.size, 1))),
    )


def _scenario(
    asked: Asked,
    meant: _Meant,
    today: Platform,
    frames: Frames,
    without_effect: tuple[WithoutEffect, ...],
) -> Scenario:
    def instant(seconds: float) -> str:
        return iso_utc(frames.window_from_ns + round(seconds * NS_PER_S))

    return Scenario(
        policy_id=None if asked.policy is None else asked.policy.policy_id,
        load_factor=meant.load_factor,
        changes=tuple(each.change for each in differences(today, meant.platform)),
        failures=tuple(
            ReplicaFailure(
                pool=failure.pool,
                replicas=failure.replicas,
                from_=instant(failure.from_s),
                until=instant(failure.until_s) if math.isfinite(failure.until_s) else None,
            )
            for failure in meant.platform.failures
        ),
        left_out=tuple(LeftOut(each.pointer, each.reason) for each in meant.left_out),
        shared_limits=tuple(
            SharedLimitLine(each.pointer, each.limit, each.replicas, each.per_replica)
            for each in meant.shared_limits
        ),
        without_effect=without_effect,
    )
