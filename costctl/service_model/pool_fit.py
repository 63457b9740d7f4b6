"""Which service model does each pool keep to, and how well does a replay under it reproduce what was
observed?

In: the frames and the settings. Out: ``PoolFits``: the calls as a workload, the fitted pools to replay it
through, and for every pool its calibration or the reason why there is no model. Everything that replays the
trace starts from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costctl.arrays import Ints
from costctl.documents.settings import Pool as PoolSettings
from costctl.documents.settings import Prefill, Settings
from costctl.frames.cost import Frames
from costctl.service_model.batch_fit import BatchTimes, fit_batch_times
from costctl.service_model.dispatch import observed_dispatch
from costctl.service_model.engine_pools import PoolEngine, engines_of
from costctl.service_model.joined_times import CALLS, JoinedTimes, times_of_both
from costctl.service_model.pool_calibration import Calibration, calibrations_of
from costctl.service_model.pool_calls import PoolCalls, pool_calls
from costctl.service_model.pool_replicas import replicas_of
from costctl.service_model.prompts import with_prompts
from costctl.service_model.repeats import Repeats, repeats_of
from costctl.service_model.sample import sample
from costctl.service_model.step_clock import StepTimes, fit_step_times, steps_seen
from costctl.service_model.step_intervals import Decoding
from costctl.service_model.untimed import NO_TIMES, steps_told, untimed_pools, with_replayed_times
from costctl.simulate.lanes import Lanes
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Dispatch, Pool, PoolSetup, ServiceModel, Workload

_TELLING_STEPS: Final = 0.25  # prompts tell the discipline where they took this close to no step, or to one
_USUAL_DISCIPLINE: Final = (False, "no call's times tell; servers chunk prefill by default")
_MAX_BATCHED_TOKENS: Final = 2048  # vLLM's default for chunked prefill (2024), where none is declared
_MAX_NUM_SEQS: Final = 256  # vLLM's default on one accelerator (max_num_seqs, 2024), where none is declared


@dataclass(frozen=True, slots=True)
class PoolFit:
    """One fitted pool. times: the fit with its diagnostics.  why: the reason for its discipline, in words.  origins: of
    α, β, γ what each was fitted to, in words.
    """

    name: str
    pool: Pool
    times: StepTimes | BatchTimes
    why: str
    calibration: Calibration
    origins: tuple[str, str, str] = (CALLS, CALLS, CALLS)

    @property
    def calls(self) -> int:
        """How many calls the fit rests on."""
        return self.times.calls


@dataclass(frozen=True, slots=True)
class PoolFits:
    """The calls, and of those that fitted pools served, the workload.

    which: for each call of the workload its index in ``calls``.  pool: for each its index in ``fitted``.
    reasons: pool → why it has no model.  repeats: of each call of the workload, whether it was asked before; None where
    nobody looked.  engines: what engines told of themselves, of these pools and of none.
    """

    calls: PoolCalls
    fitted: tuple[PoolFit, ...]
    workload: Workload
    which: Ints
    pool: Ints
    reasons: dict[str, str]
    repeats: Repeats | None = None
    engines: tuple[PoolEngine, ...] = ()

    @property
    def pools(self) -> tuple[Pool, ...]:
        """The fitted pools, in the order that ``pool`` counts them."""
        return tuple(fit.pool for fit in self.fitted)

    def named(self, pool: str) -> PoolFit | None:
        """The fit of a pool, or None where it has none."""
        return next((fit for fit in self.fitted if fit.name == pool), None)


def fit_pools(frames: Frames, settings: Settings, *, with_untimed: bool = False) -> PoolFits:
    """A service model for every pool whose calls tell enough, calibrated by a replay of today.

    with_untimed: also for pools of whose calls none has times, where something else tells how long their steps take.
    """
    paid_for = replicas_of(frames, settings)
    calls = pool_calls(frames, paid_for)
    engines = engines_of(frames, settings, calls)
    told = {each.match.pool: each for each in engines if each.match.pool is not None}
    untimed = untimed_pools(frames)
    steps_of = steps_told(untimed, settings, told) if with_untimed else {}
    if steps_of:
        calls = pool_calls(frames, paid_for, (*steps_of,))
    models: dict[str, tuple[Pool, StepTimes | BatchTimes]] = {}
    origins: dict[str, tuple[str, str, str]] = {}
    reasons = {name: NO_TIMES for name in untimed if name not in steps_of}
    tokens, steps = np.maximum(calls.uncached_tokens, 0), np.maximum(calls.output_tokens - 1, 0)
    for number, name in enumerate(calls.pools):
        here = np.flatnonzero(calls.pool == number)
        found = _fit(calls, here, settings.pools[name], told.get(name), tokens, steps, steps_of.get(name))
        if isinstance(found, str):
            reasons[name] = found
        else:
            models[name], origins[name] = found[:2], found[2]
    which = np.flatnonzero(np.isin(calls.pool, [calls.pools.index(name) for name in models]))
    workload = _workload(calls, which, tokens, steps)
    if frames.reuse is not None:
        workload = with_prompts(workload, calls.call_ids[which], frames.reuse.pool_prompt)
    names = tuple(models)
    place = np.full(len(calls.pools) + 1, -1, np.int64)
    place[[calls.pools.index(name) for name in names]] = np.arange(len(names))
    pool = place[calls.pool[which]]
    declared = [settings.pools[name].prefill for name in names]
    pools = _best_disciplines(calls, which, workload, pool, [models[name] for name in names], declared)
    fitted = tuple(
        PoolFit(name, each, models[name][1], why, calibration, origins[name])
        for name, (each, why, calibration) in zip(names, pools, strict=True)
    )
    if steps_of:
        today = replay_network(workload, pool, [each for each, _, _ in pools])
        calls = with_replayed_times(calls, which, today)
    repeats = None if frames.reuse is None else repeats_of(calls, frames.reuse.pool_prompt).at(which)
    return PoolFits(calls, fitted, workload, which, pool, reasons, repeats, engines)


def calibrations_on(frames: Frames, settings: Settings, fits: PoolFits) -> dict[str, Calibration]:
    """How well the fitted pools replay these calls, which they need not have been fitted on; by pool, those
    that have calls here. Of the calls only arrivals, tokens and what follows what are used; a call that
    reports no tokens is given those that its time had room for.
    """
    calls = pool_calls(frames, replicas_of(frames, settings))
    fitted = [fit for fit in fits.fitted if fit.name in calls.pools]
    if not fitted:
        return {}
    tokens, steps = np.maximum(calls.uncached_tokens, 0), np.maximum(calls.output_tokens - 1, 0)
    pool = np.full(calls.size, -1, np.int64)
    for number, fit in enumerate(fitted):
        here = np.flatnonzero(calls.pool == calls.pools.index(fit.name))
        pool[here] = number
        model = fit.pool.model
        if model.discipline == "continuous":
            times = StepTimes(model.alpha_s, model.beta_s, model.gamma_s, fit.calls, 0.0)
            _impute(calls, here, _decoding(calls, here, steps), times, tokens, steps)
    which = np.flatnonzero(pool >= 0)
    pools = [fit.pool for fit in fitted]
    workload = _workload(calls, which, tokens, steps)
    # Classes are numbered anew in these frames; today's lanes are all alike, so the first stands for each.
    workload = replace(workload, lane=np.zeros(which.size, np.int64))
    outcome = replay_network(workload, pool[which], pools)
    found = calibrations_of(calls, which, pool[which], pools, outcome)
    return {fit.name: each for fit, each in zip(fitted, found, strict=True)}


def _fit(
    calls: PoolCalls,
    here: Ints,
    settings: PoolSettings,
    engine: PoolEngine | None,
    tokens: Ints,
    steps: Ints,
    untimed: JoinedTimes | None = None,
) -> tuple[Pool, StepTimes | BatchTimes, tuple[str, str, str]] | str:
    """The pool with its model, the fit it rests on, and what that was fitted to; else the reason. Fills in tokens and
    steps of calls that report none. untimed: of a pool whose calls have no times, what else tells its step times.
    """
    number = int(calls.pool[here[0]])
    replicas = int(calls.replicas[number])
    is_static = settings.max_batch_size is not None or settings.batch_window is not None
    told = None if is_static else engine
    is_told_apart = bool(calls.is_replica_observed[here].all()) or replicas == 1
    if not is_told_apart and told is None and untimed is None:
        return "its calls do not name the replica that served them (service.instance.id, k8s.pod.name or host.name)"
    dispatch: Dispatch = "least_outstanding"  # where nobody says which replica served
    if is_told_apart and untimed is None:
        dispatch = observed_dispatch(calls.arrival_s[here], calls.end_s[here], calls.replica[here], replicas)
    most = None if told is None else told.max_num_seqs
    setup = PoolSetup(
        replicas=replicas,
        max_num_seqs=settings.max_num_seqs or most or _MAX_NUM_SEQS,
        dispatch=dispatch,
        batch_window_s=settings.batch_window_s or 0.0,
        lanes=Lanes.plain(max(len(calls.classes), 1)),
        prefix_cache_tokens=0
        if settings.enable_prefix_caching is False
        else settings.prefix_cache_tokens or 0,
        max_batched_tokens=settings.max_batched_tokens or _MAX_BATCHED_TOKENS,
        kv_tokens=settings.kv_tokens,
        enable_prefix_caching=settings.enable_prefix_caching is True and not settings.prefix_cache_tokens,
    )
    if told is not None and told.max_batched_tokens is not None:
        setup = replace(setup, max_batched_tokens=told.max_batched_tokens)
    if untimed is not None:
        if not (calls.output_tokens[here] > 0).any():
            return f"{NO_TIMES}, and none reports its output tokens, so what it decoded is unknown"
        return _continuous(untimed.times, setup), untimed.times, untimed.origins
    if is_static:
        return _fit_static(calls, here, replace(setup, max_num_seqs=settings.max_batch_size or _MAX_NUM_SEQS))
    return _fit_continuous(calls, here, setup, told, tokens, steps, is_told_apart=is_told_apart)


def _fit_static(
    calls: PoolCalls, here: Ints, setup: PoolSetup
) -> tuple[Pool, BatchTimes, tuple[str, str, str]] | str:
    times = fit_batch_times(
        calls.server[here], calls.begin_s[here], calls.end_s[here], calls.uncached_tokens[here]
    )
    if isinstance(times, str):
        return times
    model = ServiceModel("static", times.alpha_s, times.beta_s, times.gamma_s)
    return Pool(model, setup), times, (CALLS, CALLS, CALLS)


def _fit_continuous(
    calls: PoolCalls,
    here: Ints,
    setup: PoolSetup,
    engine: PoolEngine | None,
    tokens: Ints,
    steps: Ints,
    *,
    is_told_apart: bool,
) -> tuple[Pool, StepTimes, tuple[str, str, str]] | str:
    if not (np.isfinite(calls.first_token_s[here]) | (calls.output_tokens[here] > 0)).any():
        return "no call reports its output tokens or a time to first token, so what it decoded is unknown"
    decoding = _decoding(calls, here, steps)
    fitted = fit_step_times(sample(decoding)) if is_told_apart else "its calls do not name their replica"
    found = times_of_both(fitted, None if engine is None else engine.times)
    if isinstance(found, str):
        return found
    times = found.times
    if is_told_apart:
        _impute(calls, here, decoding, times, tokens, steps)
    return _continuous(times, setup), times, found.origins


def _continuous(times: StepTimes, setup: PoolSetup) -> Pool:
    return Pool(ServiceModel("continuous", times.alpha_s, times.beta_s, times.gamma_s), setup)


def _decoding(calls: PoolCalls, here: Ints, steps: Ints) -> Decoding:
    return Decoding(
        replica=calls.server[here],
        arrival_s=calls.arrival_s[here],
        begin_s=calls.begin_s[here],
        first_token_s=calls.first_token_s[here],
        end_s=calls.end_s[here],
        uncached_tokens=calls.uncached_tokens[here],
        steps=steps[here],
        is_exact=(calls.output_tokens[here] > 0) & np.isfinite(calls.first_token_s[here]),
    )


def _impute(
    calls: PoolCalls, here: Ints, decoding: Decoding, times: StepTimes, tokens: Ints, steps: Ints
) -> None:
    """What calls did that do not report it, most of them failed: as many steps, and as much of the prompt, as
    their time had room for.
    """
    has_first = np.isfinite(decoding.first_token_s)
    unreported = np.flatnonzero((calls.output_tokens[here] < 0) & has_first)
    if unreported.size:
        steps[here[unreported]] = np.rint(steps_seen(decoding, times, unreported)).astype(np.int64)
    cut_off = np.flatnonzero(~has_first & (calls.output_tokens[here] <= 0))
    if cut_off.size and times.gamma_s > 0:
        room_s = np.maximum(decoding.end_s - np.fmax(decoding.begin_s, decoding.arrival_s), 0.0)[cut_off]
        most = np.floor(room_s / times.gamma_s).astype(np.int64)
        tokens[here[cut_off]] = np.minimum(tokens[here[cut_off]], most)
        steps[here[cut_off]] = 0


def _workload(calls: PoolCalls, which: Ints, tokens: Ints, steps: Ints) -> Workload:
    place = np.full(calls.size + 1, -1, np.int64)
    place[which] = np.arange(which.size)
    after = place[calls.after[which]]  # place[-1] is -1: a call that follows none
    return Workload(
        arrival_s=calls.arrival_s[which],
        after=after,
        think_s=np.where(after >= 0, calls.think_s[which], 0.0),
        uncached_tokens=tokens[which],
        decode_steps=steps[which],
        lane=calls.request_class[which],
        replica=calls.replica[which],
        cached_tokens=cached if (cached := calls.cached_tokens[which]).any() else None,
    )


def _best_disciplines(
    calls: PoolCalls,
    which: Ints,
    workload: Workload,
    pool: Ints,
    models: list[tuple[Pool, StepTimes | BatchTimes]],
    declared: Sequence[Prefill | None],
) -> list[tuple[Pool, str, Calibration]]:
    """Each pool with prefill that stalls decoding, or that rides along with it, and why: as its prompts took no
    more than their tokens or a whole step; where that was not seen, whichever reproduces what was observed.
    """
    if not models:
        return []
    told = [
        (_told_discipline(times) if calls.is_timed[which[pool == number]].any() else _USUAL_DISCIPLINE)
        if prefill is None
        else (prefill == "stalling", "it is declared")
        for number, ((_, times), prefill) in enumerate(zip(models, declared, strict=True))
    ]
    candidates = []
    for is_stalling in (True, False):
        tried = [
            _disciplined(each, is_stalling if known is None else known[0])
            for (each, _), known in zip(models, told, strict=True)
        ]
        outcome = replay_network(workload, pool, tried)
        candidates.append((tried, calibrations_of(calls, which, pool, tried, outcome)))
        if None not in told:
            return [
                (each, known[1], calibration)
                for each, known, calibration in zip(tried, told, candidates[0][1], strict=True)
                if known is not None
            ]
    chosen, reasons = [], []
    for number, known in enumerate(told):
        errors = [candidate[1][number].worst for candidate in candidates]
        best = int(errors[1] < errors[0])
        chosen.append(candidates[best][0][number])
        by_replay = (
            f"a replay with it is off by {errors[best]:.1%} at most, with the other by {errors[1 - best]:.1%}"
        )
        reasons.append(by_replay if known is None else known[1])
    outcome = replay_network(workload, pool, chosen)
    return list(zip(chosen, reasons, calibrations_of(calls, which, pool, chosen, outcome), strict=True))


def _told_discipline(times: StepTimes | BatchTimes) -> tuple[bool, str] | None:
    """Whether prefill stalls decoding, and how that is known; None where prompts do not tell."""
    if isinstance(times, BatchTimes):
        return True, "a batch size or a batch window is declared"
    steps = times.prefill_steps
    if steps is None or min(abs(steps), abs(steps - 1.0)) > _TELLING_STEPS:
        return None
    return (
        steps < 0.5,
        f"a prompt takes {steps:.2f} steps beyond its tokens' time (0: stalling prefill, 1: chunked prefill)",
    )


def _disciplined(pool: Pool, is_stalling: bool) -> Pool:
    return replace(pool, model=replace(pool.model, is_prefill_stalling=is_stalling))
