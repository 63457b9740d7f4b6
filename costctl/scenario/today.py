"""By which rules is traffic served today, and how is each of them known?

In: the fitted pools, the settings. Out: the ``Platform`` of today, and of each setting whether it was given in
the configuration, inferred from the traces, or is a default.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from costctl.documents.changes import Value
from costctl.documents.settings import Pool as PoolSettings
from costctl.documents.settings import Settings
from costctl.documents.simulation import Source, TodaySetting
from costctl.levers.apply import has_lever, value_of
from costctl.levers.lever import Owner
from costctl.levers.platform import ClassRules, Platform, PoolRules
from costctl.levers.settings import key_of
from costctl.levers.table import lever_named
from costctl.service_model.pool_fit import PoolFit, PoolFits
from costctl.units import NS_PER_S

Known = tuple[Source, str]  # and how, in a few words

_HOW_PREFILL: Final = "of the two, the one whose replay is closer to what was observed"
_CLASS_KNOWN: Final[Mapping[str, Known]] = {
    "pool": ("inferred", "the pools that served its calls"),
    "lane": ("default", "no order of service is known of: all classes wait in one queue, by arrival"),
    "queue.limit": ("default", "no limit is known of"),
    "queue.max_wait": ("default", "no limit is known of"),
    "retries": ("default", "calls that were made again are in the trace; no others are"),
}


def platform_today(fits: PoolFits, window_from_ns: int) -> Platform:
    """The rules that a replay of today keeps to. window_from_ns: when the window starts, ns UTC."""
    pools = {fit.name: _pool_rules(fit) for fit in fits.fitted}
    names = list(pools)
    request_class = fits.calls.request_class[fits.which]
    classes = {}
    for number in np.unique(request_class).tolist():
        served = np.unique(fits.pool[request_class == number]).tolist()
        classes[fits.calls.classes[number]] = ClassRules(
            pools=tuple(sorted(names[place] for place in served))
        )
    return Platform(pools, classes, starts_s=window_from_ns / NS_PER_S)


def settings_today(fits: PoolFits, settings: Settings, platform: Platform) -> tuple[TodaySetting, ...]:
    """What is known of each pool, its settings and its service model, and then the settings of each class."""
    found: list[TodaySetting] = []
    for fit in fits.fitted:
        found += _levers(platform, "pool", fit.name, _pool_known(fit, settings.pools[fit.name]))
        found += _service_model(fit)
    for name in sorted(platform.classes):
        found += _levers(platform, "class", name, _CLASS_KNOWN)
    return tuple(found)


def why_nothing_fits(settings: Settings, fits: PoolFits) -> str:
    """Why no pool can be replayed, in one sentence."""
    if not settings.pools:
        return "No pool is configured: name what is paid for by time under [pools.NAME] in costctl.toml."
    if fits.reasons:
        pool, reason = sorted(fits.reasons.items())[0]
        return f"{pool} has no service model: {reason}."
    return "No call was served by a configured pool: check pools.NAME.match and pools.NAME.models."


def _pool_rules(fit: PoolFit) -> PoolRules:
    model, setup = fit.pool.model, fit.pool.setup
    prefill = "stalling" if model.is_prefill_stalling else "chunked"
    return PoolRules(
        discipline=model.discipline,
        replicas=setup.replicas,
        max_num_seqs=setup.max_num_seqs,
        dispatch=setup.dispatch,
        batch_window_s=setup.batch_window_s,
        max_batched_tokens=setup.max_batched_tokens,
        prefix_cache_tokens=setup.prefix_cache_tokens,
        prefill=prefill if model.discipline == "continuous" else None,
        kv_tokens=setup.kv_tokens,
        enable_prefix_caching="true" if setup.enable_prefix_caching else "false",
    )


def _levers(
    platform: Platform, owner: Owner, subject: str, known: Mapping[str, Known]
) -> Iterator[TodaySetting]:
    """A row for each lever that this pool or class has and of which something is known."""
    for name, (source, how) in known.items():
        lever = lever_named(owner, name)
        if has_lever(platform, lever, subject):
            yield TodaySetting(
                lever=lever.id,
                key=key_of(lever, subject),
                pool=subject if owner == "pool" else None,
                request_class=subject if owner == "class" else None,
                setting=name,
                value=value_of(platform, lever, subject),
                unit=lever.unit,
                scope=lever.scope,
                is_limit=lever.is_limit,
                source=source,
                how=how,
            )


def _pool_known(fit: PoolFit, declared: PoolSettings) -> dict[str, Known]:
    """How the levers of a pool are known, by their names: of either discipline."""
    is_given = declared.replicas == fit.pool.setup.replicas
    known: dict[str, Known] = {
        "replicas": ("given", "declared")
        if is_given
        else ("inferred", "the most that were in use at one time"),
        "dispatch": ("inferred", _how_dispatched(fit)),
        "batch.size": _declared(declared.max_batch_size),
        "batch.window": _declared(declared.batch_window),
        "max_num_seqs": _declared(declared.max_num_seqs),
        "prefill": ("inferred", _HOW_PREFILL) if declared.prefill is None else ("given", "declared"),
        "kv_tokens": ("default", "not declared: no limit is known of")
        if declared.kv_tokens is None
        else ("given", "declared"),
    }
    if declared.prefix_cache_tokens is not None:
        is_off = declared.enable_prefix_caching is False
        known["prefix_cache_tokens"] = (
            "given",
            "prefix caching is declared to be off" if is_off else "declared",
        )
    if declared.enable_prefix_caching is not None:
        known["enable_prefix_caching"] = ("given", "declared")
    if not fit.pool.model.is_prefill_stalling:
        known["max_batched_tokens"] = _declared(declared.max_batched_tokens)
    return known


def _how_dispatched(fit: PoolFit) -> str:
    if fit.pool.setup.replicas == 1:
        return "there is one replica"
    if fit.pool.setup.dispatch == "recorded":
        return "no rule explains nine choices in ten: each call stays on the replica that served it"
    return "the rule that explains at least nine choices in ten"


def _declared(given: object) -> Known:
    return ("default", "not declared: the usual value of servers") if given is None else ("given", "declared")


def _service_model(fit: PoolFit) -> Iterator[TodaySetting]:
    """What was fitted: facts of the pool that no lever changes."""
    model = fit.pool.model
    for symbol, value_s in (("alpha", model.alpha_s), ("beta", model.beta_s), ("gamma", model.gamma_s)):
        yield _fact(fit.name, f"service.{symbol}", value_s, "s", f"fitted to {fit.calls:,} calls")


def _fact(pool: str, name: str, value: Value, unit: str | None, how: str) -> TodaySetting:
    return TodaySetting(
        lever=None,
        key=f"pool.{pool}.{name}",
        pool=pool,
        request_class=None,
        setting=name,
        value=value,
        unit=unit,
        scope=None,
        is_limit=False,
        source="inferred",
        how=how,
    )
