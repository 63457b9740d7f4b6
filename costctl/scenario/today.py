"""By which rules is traffic served today, and how is each of them known?

In: the fitted pools, the settings. Out: the ``Platform`` of today, and of each setting whether it was given in
the configuration, inferred from the traces, or is a default.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from costctl.documents.changes import Value
from costctl.documents.settings import Pool as PoolSettings
from costctl.documents.settings import Settings
from costctl.levers.platform import ClassRules, Platform, PoolRules
from costctl.levers.table import LEVERS, Owner
from costctl.service_model.pool_fit import PoolFit, PoolFits

Source = Literal["given", "inferred", "default"]


@dataclass(frozen=True, slots=True)
class KnownSetting:
    """A setting of today, of a pool or a class. unit: "s" for durations. how: in a few words, how it is known."""

    owner: Owner
    subject: str
    name: str
    value: Value
    unit: str | None
    source: Source
    how: str


def platform_today(fits: PoolFits) -> Platform:
    """The rules that a replay of today keeps to."""
    pools = {fit.name: _pool_rules(fit) for fit in fits.fitted}
    names = list(pools)
    request_class = fits.calls.request_class[fits.which]
    classes = {}
    for number in np.unique(request_class).tolist():
        served = np.unique(fits.pool[request_class == number]).tolist()
        classes[fits.calls.classes[number]] = ClassRules(
            pools=tuple(sorted(names[place] for place in served))
        )
    return Platform(pools, classes)


def settings_today(fits: PoolFits, settings: Settings) -> tuple[KnownSetting, ...]:
    """Each setting of the pools, and those of the classes, with how it is known."""
    platform = platform_today(fits)
    found: list[KnownSetting] = []
    for fit in fits.fitted:
        found += _of_pool(fit, settings.pools[fit.name])
    for name, rules in sorted(platform.classes.items()):
        found.append(
            KnownSetting(
                "class", name, "pool", rules.pools, None, "inferred", "the pools that served its calls"
            )
        )
        for lever in LEVERS:
            if lever.owner == "class" and lever.name in _CLASS_DEFAULTS:
                found.append(
                    KnownSetting(
                        "class",
                        name,
                        lever.name,
                        getattr(rules, lever.field),
                        "s" if lever.kind == "duration" else None,
                        "default",
                        _CLASS_DEFAULTS[lever.name],
                    )
                )
    return tuple(found)


_CLASS_DEFAULTS = {
    "lane": "no order of service is known of: all classes wait in one queue, by arrival",
    "queue.limit": "no limit is known of",
    "queue.max_wait": "no limit is known of",
    "retries": "calls that were made again are in the trace; no others are",
}


def why_nothing_fits(settings: Settings, fits: PoolFits) -> str:
    """Why no pool can be replayed, in one sentence."""
    if not settings.pools:
        return "No pool is configured: name what is paid for by time under [pools.NAME] in costctl.toml."
    if fits.reasons:
        pool, reason = sorted(fits.reasons.items())[0]
        return f"{pool} has no service model: {reason}."
    return "No call was served by a configured pool: check pools.NAME.match and pools.NAME.models."


def _pool_rules(fit: PoolFit) -> PoolRules:
    setup = fit.pool.setup
    return PoolRules(
        discipline=fit.pool.model.discipline,
        replicas=setup.replicas,
        max_num_seqs=setup.max_num_seqs,
        dispatch=setup.dispatch,
        batch_window_s=setup.batch_window_s,
        max_batched_tokens=setup.max_batched_tokens,
    )


def _of_pool(fit: PoolFit, declared: PoolSettings) -> list[KnownSetting]:
    setup, model = fit.pool.setup, fit.pool.model
    is_given = declared.replicas == setup.replicas
    known = [
        _known(
            fit.name,
            "replicas",
            setup.replicas,
            "given" if is_given else "inferred",
            "declared" if is_given else "as many as served calls",
        ),
        _known(fit.name, "dispatch", setup.dispatch, "inferred", _how_dispatched(fit)),
    ]
    if model.discipline == "static":
        known += [
            _declared(fit.name, "batch.size", setup.max_num_seqs, declared.max_batch_size),
            _declared(fit.name, "batch.window", setup.batch_window_s, declared.batch_window, unit="s"),
        ]
    else:
        known.append(_declared(fit.name, "max_num_seqs", setup.max_num_seqs, declared.max_num_seqs))
        if not model.is_prefill_stalling:
            known.append(_declared(fit.name, "max_batched_tokens", setup.max_batched_tokens, None))
        known.append(
            _known(
                fit.name,
                "prefill",
                "stalls decoding" if model.is_prefill_stalling else "rides along with decoding",
                "inferred",
                "of the two, the one whose replay is closer to what was observed",
            )
        )
    symbols = (("alpha", model.alpha_s), ("beta", model.beta_s), ("gamma", model.gamma_s))
    for symbol, value_s in symbols:
        known.append(
            _known(fit.name, f"service.{symbol}", value_s, "inferred", f"fitted to {fit.calls:,} calls", "s")
        )
    return known


def _how_dispatched(fit: PoolFit) -> str:
    if fit.pool.setup.replicas == 1:
        return "there is one replica"
    if fit.pool.setup.dispatch == "recorded":
        return "no rule explains nine choices in ten: each call stays on the replica that served it"
    return "the rule that explains at least nine choices in ten"


def _known(
    pool: str, name: str, value: Value, source: Source, how: str, unit: str | None = None
) -> KnownSetting:
    return KnownSetting("pool", pool, name, value, unit, source, how)


def _declared(pool: str, name: str, value: Value, given: object, unit: str | None = None) -> KnownSetting:
    is_given = given is not None
    return _known(
        pool,
        name,
        value,
        "given" if is_given else "default",
        "declared" if is_given else "not declared: the usual value of servers",
        unit,
    )
