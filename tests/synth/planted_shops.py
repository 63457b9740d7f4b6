"""What does costctl promise a team whose waste is known? Each promise beside what the world costs with the remedy.

Shape in: a seed. Shape out: ``Promise`` values. The world is written as spans and advised as any trace would be; its
truth is the same traffic answered and billed again by the world's own providers, which share nothing with the bill
that costctl runs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from costctl import verbs
from costctl.documents.recommendations import Recommendation, Recommendations
from costctl.progress import silent
from costctl.synth.shop.presets import shop
from costctl.synth.shop.traffic import Call, traffic_of
from costctl.synth.shop.truth import bill_usd
from costctl.synth.shop.world import App, Shop
from tests.synth.written_shop import small_shop, small_shop_with_outages, small_shop_with_waste, written

# The advice that finds each planted waste, and whether its quality must be tried before it is advised.
PLANTED: Final = {
    "prompt_cache.agent": "recommended",
    "prompt_cache.support": "recommended",
    "service_tier.digest": "recommended",
    "response_cache.faq": "recommended",
    "model_choice.triage": "candidate",
}
# The same of the shop with waste.
PLANTED_WASTE: Final = {
    "retry.quotes": "recommended",
    "loop_cap.worker": "recommended",
    "context.dossier": "candidate",
    "context.report": "candidate",
    "affinity.desk": "recommended",
}
# The same of the shop whose calls time out.
PLANTED_OUTAGES: Final = {
    "retry.feeds.wait": "recommended",
    "retry.ticker.wait": "candidate",
}
EVERY: Final = PLANTED | PLANTED_WASTE | PLANTED_OUTAGES
# The field of the world for the lever of the advice.
FIELDS: Final = {
    "class.prompt_cache": "caching",
    "class.prompt_cache.until": "cached_until",
    "class.service_tier": "tier",
    "class.model": "model",
    "class.retry.attempts": "most_attempts",
    "class.retry.wait": "least_wait_s",
    "class.loop.steps": "most_steps",
    "class.context.most_tokens": "most_tokens",
    "class.response_cache.ttl": "answers_ttl_s",
}
WAYS: Final = (("5m", "system"), ("5m", "conversation"), ("1h", "system"), ("1h", "conversation"))
PART: Final = 0.2  # of the shop's sessions


@dataclass(frozen=True, slots=True)
class Promise:
    """One planted waste of one world. status: what costctl said of it.  usd: low, mid and high of what the remedy
    saves, None where nothing was said; truth: of the world billed again with the remedy, USD too.
    """

    seed: int
    advice: str
    status: str
    usd: tuple[float, float, float] | None
    truth: float | None

    @property
    def is_found(self) -> bool:
        """Whether costctl says what it should."""
        return self.status == EVERY[self.advice]

    @property
    def error_ratio(self) -> float | None:
        """Of the promise, of the truth."""
        if self.usd is None or not self.truth:
            return None
        return self.usd[1] / self.truth - 1.0

    @property
    def is_covered(self) -> bool:
        """Whether the interval holds the truth."""
        said, truth = self.usd, self.truth
        return said is not None and truth is not None and said[0] <= truth <= said[2]


def promises_of(seed: int) -> tuple[Promise, ...]:
    """What is said of each planted waste of the shops of this seed."""
    return tuple(
        promise
        for world in (planted(seed), small_shop_with_waste(seed), small_shop_with_outages(seed))
        for promise in _promises(world, seed)
    )


def _promises(world: Shop, seed: int) -> tuple[Promise, ...]:
    calls = traffic_of(world)
    with tempfile.TemporaryDirectory() as folder:
        document = advice_of(world, calls, Path(folder))
    return promises_in(document, world, calls, seed)


def planted(seed: int) -> Shop:
    """The shop of this seed, small, with text enough that no two questions read alike."""
    return replace(small_shop(seed=seed, part=PART), characters_per_token=0.5)


def promises_in(
    document: Recommendations, world: Shop, calls: Sequence[Call], seed: int
) -> tuple[Promise, ...]:
    """The same of a document that is there already."""
    said = {each.id: each for each in document.recommendations}
    apps = {app.name for app in world.apps}
    return tuple(
        _promise(_with_caching(world, said, name), calls, seed, name, said.get(name))
        for name in EVERY
        if app_of(name) in apps
    )


def app_of(advice: str) -> str:
    """The application that advice is about, by its id."""
    return advice.split(".")[1]


def _with_caching(world: Shop, said: Mapping[str, Recommendation], name: str) -> Shop:
    """The world that a promise starts from: shorter prompts are promised beside the caching that is advised."""
    app = app_of(name)
    caching = said.get(f"prompt_cache.{app}")
    if not name.startswith("context.") or caching is None or caching.status != "recommended":
        return world
    choice: dict[str, Any] = {FIELDS[each.lever]: each.to for each in caching.change}
    return world.changed(app, **choice)


def claims_in_good_order(seed: int) -> tuple[str, ...]:
    """What a team in good order is promised, by its ids."""
    world = in_good_order(seed)
    with tempfile.TemporaryDirectory() as folder:
        return tuple(each.id for each in advice_of(world, traffic_of(world), Path(folder)).made)


def advice_of(world: Shop, calls: tuple[Call, ...], folder: Path) -> Recommendations:
    """What costctl recommends from the traces of the world."""
    return verbs.recommend(replace(written(world, calls, folder), store=folder / "s.duckdb"), silent)


def in_good_order(seed: int) -> Shop:
    """A team whose prompts are cached in the way that costs least, that asks nothing twice and buys what it needs."""
    rng = np.random.default_rng([seed, 16])
    whole = shop(seed)

    def plain(app: App) -> App:
        more: dict[str, Any] = (
            {"turns": (4, 8), "system_tokens": 1200} if app.name in ("support", "cached") else {}
        )
        sessions = app.sessions * float(rng.uniform(0.05, 0.15))
        return replace(
            app, sessions=sessions, caching="none", questions=None, is_deferrable=False, allowed_models=(),
            resends_history=True, **more,
        )  # fmt: skip

    world = replace(whole, apps=tuple(plain(app) for app in whole.apps), characters_per_token=0.5)
    calls = traffic_of(world)
    for app in world.apps:
        ways = [world.changed(app.name, caching=ttl, cached_until=until) for ttl, until in WAYS]
        if app.provider == "anthropic":
            world = min([world, *ways], key=lambda each: bill_usd(each, calls))
    return world


def _promise(
    world: Shop, calls: Sequence[Call], seed: int, name: str, said: Recommendation | None
) -> Promise:
    if said is None or not said.change:
        return Promise(seed, name, "nothing" if said is None else said.status, None, None)
    told = said.cash_usd
    truth = bill_usd(world, calls) - _billed_again(world, calls, said)
    return Promise(seed, name, said.status, None if told is None else (told.low, told.mid, told.high), truth)


def _billed_again(world: Shop, calls: Sequence[Call], said: Recommendation) -> float:
    """USD of the world with what is advised."""
    app = said.request_class or ""
    choice: dict[str, Any] = {FIELDS[each.lever]: each.to for each in said.change if each.lever in FIELDS}
    if any(each.lever == "class.affinity" for each in said.change):
        choice["deployments"] = 1
    return bill_usd(world.changed(app, **choice), calls)
