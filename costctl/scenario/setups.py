"""How does a replay take the rules of a scenario? The one place where rules become pools that can be replayed.

In: the fitted pools, today's platform and the changed one. Out: pools, and by which each call is served. What a
replay cannot do is refused here, before anything is replayed, and nowhere else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Final

import numpy as np

from costctl.arrays import Bools, Ints
from costctl.documents.setting_names import toml_key
from costctl.errors import UsageError
from costctl.levers.apply import differences
from costctl.levers.batch_sizes import batch_sizes_of
from costctl.levers.fallbacks import fallbacks_of
from costctl.levers.platform import ClassRules, Platform, PoolRules
from costctl.levers.schedule import schedule_of
from costctl.levers.weights import weights_of
from costctl.scenario.dealing import dealt
from costctl.simulate.lanes import Fallback, FallbackCause, Lanes, RefusalAction
from costctl.simulate.timetable import Timetable
from costctl.simulate.workload import MOST_AHEAD, Dispatch, Outage, Pool, PoolSetup, Scaling, ServiceModel

_OF_PROMPTS: Final = ("prefix_cache_tokens", "prefix_affinity")
_DISPATCH: Final[dict[str, Dispatch]] = {
    "recorded": "recorded",
    "round_robin": "round_robin",
    "least_outstanding": "least_outstanding",
    "prefix_affinity": "prefix_affinity",
}
_SCALING: Final = ("least", "most", "target_outstanding", "interval_s", "delay_s", "idle_s")


def require_replayable(today: Platform, platform: Platform) -> None:
    """Raise UsageError where the scenario asks for something that cannot be replayed, or not in this way."""
    for change in differences(today, platform):
        if change.setting.value == "prefix_affinity":
            _require_something_to_stick_to(change.setting.subject, platform)
    for name, rules in platform.pools.items():
        _require_whole_scaling(name, rules)
        _require_cache_kept(name, today.pools[name], rules)
        _require_prompts_kept_once(name, rules)
    for name, kind in platform.classes.items():
        _require_somewhere_to_go(name, kind, platform)


def require_known_prompts(today: Platform, platform: Platform, *, are_known: bool) -> None:
    """Raise UsageError where the scenario asks for caches of prompts, and no call's prompt is known."""
    for change in differences(today, platform):
        is_about_prompts = change.setting.lever.name in _OF_PROMPTS or change.setting.value in _OF_PROMPTS
        if is_about_prompts and not are_known:
            raise UsageError(
                f"{change.setting.key} cannot be replayed.",
                why="The calls are not told apart by how their prompts begin: no hashes of their prompts are in the "
                "store.",
                next_step="Export gen_ai.input.messages and ingest again (hashes are kept, not what was said), or map "
                "the block hashes of a log to prefix_keys.",
            )


def _require_something_to_stick_to(name: str, platform: Platform) -> None:
    if platform.pools[name].prefix_cache_tokens == 0:
        raise UsageError(
            f"pool.{name}.dispatch=prefix_affinity cannot be replayed.",
            why="It sends calls to the replica that has the beginning of their prompt, and the replicas keep none.",
            next_step=f"Declare prefix_cache_tokens in [pools.{toml_key(name)}], or add --set "
            f"pool.{name}.prefix_cache_tokens=TOKENS.",
        )


def _require_prompts_kept_once(name: str, rules: PoolRules) -> None:
    """A cache beside KV memory would keep prompts twice."""
    other = "kv_tokens" if rules.kv_tokens is not None else "enable_prefix_caching"
    if rules.prefix_cache_tokens and (rules.kv_tokens is not None or rules.enable_prefix_caching == "true"):
        raise UsageError(
            f"pool.{name}.prefix_cache_tokens cannot be replayed beside {other}.",
            why="They say one thing twice: KV memory keeps prompts in what nobody uses.",
            next_step=f"Leave prefix_cache_tokens out; add --set pool.{name}.enable_prefix_caching=true where it keeps "
            "prompts.",
        )


def _require_cache_kept(name: str, before: PoolRules, after: PoolRules) -> None:
    if before.enable_prefix_caching == "true" and after.enable_prefix_caching == "false":
        raise UsageError(
            f"pool.{name}.enable_prefix_caching cannot be switched off in a replay.",
            why="What the cache gave is left out of the prompts of the traces, and stays so in every replay.",
            next_step="Leave it out; a pool that has no prefix caching yet can be replayed with it.",
        )


def _require_whole_scaling(name: str, rules: PoolRules) -> None:
    said = {part: getattr(rules, f"scaling_{part}") for part in _SCALING}
    missing = [part for part, value in said.items() if value is None]
    if 0 < len(missing) < len(_SCALING):
        raise UsageError(
            f"The scaling of {name} is not fully said.",
            why=f"It lacks {', '.join(part.removesuffix('_s') for part in missing)}.",
            next_step=f"Add --set pool.{name}.scaling.{missing[0].removesuffix('_s')}=VALUE.",
        )
    if not missing and rules.schedule is not None:
        raise UsageError(
            f"{name} cannot scale by load and by schedule.",
            why="Both would say how many replicas there are.",
            next_step=f"Leave out pool.{name}.scaling or pool.{name}.schedule.",
        )
    if not missing and not said["least"] <= rules.replicas <= said["most"]:
        raise UsageError(
            f"{name} cannot scale from {said['least']} to {said['most']} replicas.",
            why=f"It begins with {rules.replicas}.",
            next_step=f"Set pool.{name}.replicas, or other bounds.",
        )


def _require_somewhere_to_go(name: str, kind: ClassRules, platform: Platform) -> None:
    """A demoted call needs a queue, one that falls back a pool that serves in the same way."""
    wanted = {kind.on_refusal, kind.on_expiry}
    if "demote" in wanted and kind.demote_to in (None, name):
        raise UsageError(
            f"Calls of {name} are to be demoted, but no class is named whose queue they join.",
            why="class.NAME.queue.demote_to names no other class.",
            next_step=f"Add --set class.{name}.queue.demote_to=CLASS.",
        )
    for fallback in fallbacks_of(kind.fallback).pools:
        others = [platform.pools[pool].discipline for pool in kind.pools if pool != fallback]
        if platform.pools[fallback].discipline not in others:
            raise UsageError(
                f"Calls of {name} are to fall back to {fallback}, which cannot take them.",
                why="It must be another pool, and batch in the same way as one of the class.",
                next_step=f"Set class.{name}.fallback to such a pool, or to none.",
            )


def pools_of(
    fitted: Mapping[str, Pool], classes: Sequence[str], today: Platform, platform: Platform
) -> tuple[Pool, ...]:
    """The pools under the rules of ``platform``, in the order of ``fitted``.

    classes: the name of each lane.  Raises UsageError where a rule cannot be replayed.
    """
    require_replayable(today, platform)
    names = list(fitted)
    return tuple(
        Pool(_model(pool.model, platform.pools[name]), _setup(pool.setup, name, names, classes, platform))
        for name, pool in fitted.items()
    )


def served_by(
    pool: Ints, lane: Ints, names: Sequence[str], classes: Sequence[str], platform: Platform
) -> Ints:
    """By which pool each call is served: where it was, or, where its class is not served there any more, by the
    first pool of its class that serves in the same way. Of a class that is split by weights each pool has its part.
    """
    moved = pool.copy()
    for number, name in enumerate(classes):
        if name not in platform.classes:
            continue
        allowed = [names.index(each) for each in platform.classes[name].pools]
        for place, served in enumerate(names):
            same = [
                other
                for other in allowed
                if platform.pools[names[other]].discipline == platform.pools[served].discipline
            ]
            here: Bools = (lane == number) & (pool == place)
            if place not in allowed and same and here.any():
                moved[here] = same[0]
        _deal(moved, lane == number, names, platform.classes[name], platform)
    return moved


def _deal(
    moved: Ints, is_of_class: Bools, names: Sequence[str], rules: ClassRules, platform: Platform
) -> None:
    """Give the calls of a class that is split to the pools of its weights, in place."""
    if rules.pool_weights is None:
        return
    weights = weights_of(rules.pool_weights)
    places = np.array([names.index(each) for each in weights.pools], np.int64)
    discipline = platform.pools[weights.pools[0]].discipline
    alike = [place for place, name in enumerate(names) if platform.pools[name].discipline == discipline]
    calls = np.flatnonzero(is_of_class & np.isin(moved, alike))
    moved[calls] = places[dealt(weights, calls.size)]


def _model(model: ServiceModel, rules: PoolRules) -> ServiceModel:
    return model if rules.prefill is None else replace(model, is_prefill_stalling=rules.prefill == "stalling")


def _setup(
    setup: PoolSetup, name: str, names: Sequence[str], classes: Sequence[str], platform: Platform
) -> PoolSetup:
    rules = platform.pools[name]
    timetable = _timetable(rules, platform.starts_s)
    return replace(
        setup,
        replicas=rules.replicas if timetable is None else timetable.at_start,
        timetable=timetable,
        max_num_seqs=rules.max_num_seqs,
        dispatch=_DISPATCH[rules.dispatch],
        batch_window_s=rules.batch_window_s,
        preferred_sizes=() if rules.preferred_sizes is None else batch_sizes_of(rules.preferred_sizes).sizes,
        max_batched_tokens=rules.max_batched_tokens,
        prefix_cache_tokens=rules.prefix_cache_tokens,
        affinity_most_ahead=MOST_AHEAD if rules.affinity_most_ahead is None else rules.affinity_most_ahead,
        kv_tokens=rules.kv_tokens,
        enable_prefix_caching=rules.enable_prefix_caching == "true",
        lanes=_lanes(name, names, classes, platform),
        scaling=_scaling(rules),
        outages=tuple(
            Outage(replica, failure.from_s, failure.until_s)
            for failure in platform.failures
            if failure.pool == name
            for replica in range(failure.replicas)
        ),
    )


def _timetable(rules: PoolRules, starts_s: float) -> Timetable | None:
    """The schedule in seconds from the start of the window; None where it never changes."""
    if rules.schedule is None:
        return None
    schedule = schedule_of(rules.schedule)
    at_s, numbers = zip(*schedule.from_start(starts_s), strict=True)
    return Timetable(schedule.period_s, at_s, numbers, rules.start_up_s)


def _scaling(rules: PoolRules) -> Scaling | None:
    if (
        rules.scaling_least is None
        or rules.scaling_most is None
        or rules.scaling_target_outstanding is None
        or rules.scaling_interval_s is None
        or rules.scaling_delay_s is None
        or rules.scaling_idle_s is None
    ):
        return None
    return Scaling(
        rules.scaling_least,
        rules.scaling_most,
        rules.scaling_target_outstanding,
        rules.scaling_interval_s,
        rules.scaling_delay_s,
        rules.scaling_idle_s,
    )


def _lanes(pool: str, names: Sequence[str], classes: Sequence[str], platform: Platform) -> Lanes:
    """The lanes of a pool, one a class."""
    kinds = [platform.classes.get(each, ClassRules(pools=())) for each in classes]
    weights = [kind.weight for kind in kinds]
    return replace(
        Lanes.plain(len(kinds)),
        rank=_ranks(kinds),
        weight=None
        if all(weight is None for weight in weights)
        else np.array([1.0 if weight is None else weight for weight in weights]),
        min_share=np.array([kind.min_share for kind in kinds], np.float64),
        queue_limit=np.array([-1 if kind.queue_limit is None else kind.queue_limit for kind in kinds]),
        time_to_live_s=np.array([_or_inf(kind.max_wait_s) for kind in kinds], np.float64),
        shed_above=np.array([_or_inf(kind.shed_above) for kind in kinds], np.float64),
        on_refusal=np.array([RefusalAction[kind.on_refusal.upper()] for kind in kinds], np.int64),
        on_expiry=np.array([RefusalAction[kind.on_expiry.upper()] for kind in kinds], np.int64),
        demote_to=np.array([_place(kind.demote_to, classes) for kind in kinds], np.int64),
        fallbacks=tuple(_fallbacks(kind, pool, names, platform) for kind in kinds),
        concurrency=np.array([-1 if kind.concurrency is None else kind.concurrency for kind in kinds]),
        per_minute=np.array([-1 if kind.per_minute is None else kind.per_minute for kind in kinds]),
        timeout_s=np.array([_or_inf(kind.timeout_s) for kind in kinds], np.float64),
        retries=np.array([kind.retries for kind in kinds], np.int64),
        backoff_s=np.array([kind.backoff_s for kind in kinds], np.float64),
        backoff_factor=np.array([kind.backoff_factor for kind in kinds], np.float64),
    )


def _or_inf(limit: float | None) -> float:
    return math.inf if limit is None else limit


def _fallbacks(kind: ClassRules, pool: str, names: Sequence[str], platform: Platform) -> tuple[Fallback, ...]:
    """The pools that calls of the class go on to from this one: the others of its list that batch in its way."""
    discipline = platform.pools[pool].discipline
    return tuple(
        Fallback(names.index(name), reduce(or_, (FallbackCause[cause.upper()] for cause in on)))
        for name, on in fallbacks_of(kind.fallback).parts
        if name != pool and platform.pools[name].discipline == discipline
    )


def _place(name: str | None, among: Sequence[str]) -> int:
    return -1 if name is None else list(among).index(name)


def _ranks(lanes: Sequence[ClassRules]) -> Ints:
    """Lower is served first; classes without a lane come after those with one, together."""
    last = max((lane.lane for lane in lanes if lane.lane is not None), default=-1) + 1
    return np.array([last if lane.lane is None else lane.lane for lane in lanes], np.int64)
