"""Which settings can have no effect?

In: the settings, and what is there: the classes of the rules, the providers and models that anything names, the pools,
storages and tools that anything matched. Out: ``SettingFault`` values, which are errors, and sentences, which are
warnings. A setting that names something that cannot exist is an error; one that nothing in these traces matches may be
meant for others, and is a warning.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from costctl.documents.setting_names import toml_key
from costctl.documents.settings import Pool, Settings
from costctl.errors import UsageError
from costctl.pricing.model_names import Found, find_model, without_snapshot
from costctl.pricing.prices import book_models
from costctl.pricing.provider_names import provider_id

_MISSPELT: Final = (
    0.85  # likeness of names (difflib) from which on one is the other, misspelt: chats of chat has 0.89
)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the traces of the question name and match. classes: of the rules and labels.  models, providers: of calls.
    pools, storages, tools: matched.
    """

    classes: Collection[str]
    models: Collection[str]
    providers: Collection[str]
    pools: Collection[str]
    storages: Collection[str]
    tools: Collection[str]


def refuse_unknown_classes(settings: Settings, known: Collection[str], *, are_built_in: bool) -> None:
    """Raise UsageError for settings of a class that no rule gives. known: classes of the rules, and labels of requests
    where a rule takes them.

    Rules of one's own (are_built_in is False) may be tried with settings that were written for others: of these only a
    name that is nearly that of a class is refused, and ``setting_warnings`` names the rest.
    """
    for section, name in named_classes(settings):
        near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=_MISSPELT)
        if name not in known and (are_built_in or near):
            raise UsageError(
                f"Unknown class {name} in [{section}].",
                why="No rule assigns it and no request is labelled with it, so its settings would have no "
                f"effect. The classes are {', '.join(sorted(known))}.",
                next_step=_nearest(
                    name, sorted(known), "Rename it, or pass rules that assign it with --rules."
                ),
            )


def named_classes(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Each class that the settings name, with the section that does."""
    return (
        *(("classes", name) for name in settings.classes),
        *(
            (f"breakeven.{name}", each)
            for name, offer in settings.breakeven.items()
            for each in offer.classes
        ),
    )


def refuse_unknown_sellers(settings: Settings, providers: Collection[str]) -> None:
    """Raise UsageError for a commitment of a provider that nobody knows. providers: that calls name."""
    own = {rate.provider for rate in settings.prices.rates if rate.provider is not None}
    known = {*providers, *own}
    for name, offer in settings.commitments.items():
        if offer.provider not in known and provider_id(offer.provider) is None:
            raise UsageError(
                f"commitments.{name}.provider: unknown provider {offer.provider}.",
                why="No call names it and the price book does not have it, so no call could be served.",
                next_step=_nearest(
                    offer.provider,
                    sorted({*known, *(provider for provider, _ in book_models())}),
                    "Write it as the calls do, or as the price book (`costctl prices`).",
                ),
            )


def refuse_unknown_bills(settings: Settings, providers: Collection[str]) -> None:
    """Raise UsageError for a bill that is neither of a pool nor of a provider. providers: that calls name."""
    own = {rate.provider for rate in settings.prices.rates if rate.provider is not None}
    known_providers = {*providers, *own, *(provider for provider, _ in book_models())}
    for name in settings.bills:
        if name not in settings.pools and name not in known_providers:
            pools = ", ".join(settings.pools) or "none"
            raise UsageError(
                f"[bills] {name} is neither a pool nor a provider.",
                why=f"It could not be reconciled with anything. The pools are: {pools}; providers are those "
                "named by calls or in the price book.",
                next_step=_nearest(
                    name, sorted({*settings.pools, *known_providers}), "Rename it, or add the pool."
                ),
            )


def setting_warnings(settings: Settings, seen: Seen) -> tuple[str, ...]:
    """A sentence for each setting that nothing in the traces matches. Storage that prices its place has an effect all
    the same: advice may keep something there.
    """
    return tuple(_warnings(settings, seen))


def _warnings(settings: Settings, seen: Seen) -> Iterator[str]:
    for kind, declared, matched, what in (
        ("pools", settings.pools, seen.pools, "no model call"),
        ("storage", settings.storage, seen.storages, "no read"),
        ("tools", settings.tools, seen.tools, "no tool or search run"),
    ):
        keeps = {name for name, each in settings.storage.items() if each.usd_per_gb_month is not None}
        for name in declared:
            is_used = name in matched or (kind == "storage" and name in keeps)
            if not is_used:
                hint = _pool_hint(settings.pools[name], seen) if kind == "pools" else ""
                yield f"[{kind}.{name}] has no effect: {what} of these traces matches it.{hint}"
    for name in settings.classes:
        if name not in seen.classes:
            yield (
                f"[classes.{toml_key(name)}] has no effect: no rule assigns that class, and no request is labelled "
                "with it."
            )
    for name, offer in settings.breakeven.items():
        for each in offer.classes:
            if each not in seen.classes:
                yield (
                    f"[breakeven.{name}] has no effect on {each}: no rule assigns that class, and no request is "
                    f"labelled with it.{_hint(each, seen.classes)}"
                )
    yield from _unknown_models(settings, seen)
    yield from _unsold_models(settings, seen)
    for name in settings.bills:
        if name not in settings.pools and name not in seen.providers:
            yield f"[bills] {name} has no effect: no model call of these traces names that provider."
    for name in settings.billing:
        if name != "*" and name not in seen.providers:
            yield f"[billing.{name}] has no effect: no model call of these traces names that provider."


def _pool_hint(pool: Pool, seen: Seen) -> str:
    """What takes the calls of traces that name no model, which a pool's models cannot; and what the pool costs while it
    serves nobody, since a bill counts only pools that do.
    """
    hint = ""
    if pool.models and not seen.models:
        hint += (
            ' None of them names a model: leave out models, and match = { operation = "*" } takes every call.'
        )
    if pool.replicas and pool.usd_per_replica_hour:
        usd = pool.replicas * pool.usd_per_replica_hour
        hint += f" If its {pool.replicas} replicas run, they cost {usd:.2f} USD an hour that no figure here holds."
    return hint


def _unknown_models(settings: Settings, seen: Seen) -> Iterator[str]:
    """Models that a class allows and that no trace, pool, rate, alias or price book knows."""
    own = {rate.model for rate in settings.prices.rates} | set(settings.prices.aliases)
    served = {model for pool in settings.pools.values() for model in pool.models}
    known = {*seen.models, *own, *served}
    book = {model for _, model in book_models()}
    for name, declared in settings.classes.items():
        for model in declared.allowed_models:
            if model not in known and model not in book and model.rpartition("/")[2] not in book:
                yield (
                    f"classes.{toml_key(name)}.allowed_models: unknown model {model}; it is not in these traces, in a "
                    f"pool, or in the price book.{_hint(model, known)}"
                )


def _unsold_models(settings: Settings, seen: Seen) -> Iterator[str]:
    """Models that a commitment serves and that no call of the traces is to."""
    for name, offer in settings.commitments.items():
        called = {each for model in seen.models for each in (model, without_snapshot(model))}
        found = (find_model(offer.provider, model) for model in seen.models)
        called |= {each.model.id for each in found if isinstance(each, Found)}
        for model in offer.models:
            if model not in called:
                yield (
                    f"commitments.{name}.models: {model} has no effect; no model call of these traces is to it."
                    f"{_hint(model, called)}"
                )


def _hint(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _nearest(name: str, known: Collection[str], otherwise: str) -> str:
    found = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {found[0]}?" if found else otherwise
