"""What is said to have been delivered by a shop of which it is known? A period, and one after it: the remedy made,
half made, not made, or made while traffic doubled.

Shape in: a seed, what was done. Shape out: ``Delivered`` values. The truth is the later traffic, answered and billed
again under the old choice by the shop's own providers, which share nothing with the bill that costctl runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from costctl import verbs
from costctl.documents.estimate import Estimate
from costctl.documents.review import Promise, Review
from costctl.levers.settings import change_of, setting
from costctl.observation import Question
from costctl.progress import silent
from costctl.store.database import open_store
from costctl.store.promises import keep_promises
from costctl.synth.shop.later import Remedy, later
from costctl.synth.shop.presets import shop, shop_with_outages, shop_with_waste
from costctl.synth.shop.traffic import Call, traffic_of
from costctl.synth.shop.truth import bill_usd
from costctl.synth.shop.world import Shop
from costctl.units import iso_utc
from tests.synth.planted_shops import app_of
from tests.synth.written_shop import TRACES, written

TREATMENTS: Final = {
    "made": (1.0, 1.0),
    "half made": (0.5, 1.0),
    "not made": (0.0, 1.0),
    "traffic doubled": (1.0, 2.0),
}
Choices = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Worlds of one kind, of which a seed gives one, and advice on them: the choices that it stands for, and what was
    chosen before. characters_per_token: of the text of their prompts.
    """

    shop: Callable[[int], Shop]
    remedies: Mapping[str, tuple[Choices, Choices]]
    sessions: Mapping[str, float]
    characters_per_token: float = 0.1

    def world(self, seed: int) -> Shop:
        """The shop before, of the applications that are advised, each with so many sessions."""
        whole = self.shop(seed)
        apps = tuple(
            replace(app, sessions=self.sessions[app.name]) for app in whole.apps if app.name in self.sessions
        )
        return replace(whole, apps=apps, characters_per_token=self.characters_per_token)


BILLED: Final = Pairs(
    shop,
    {
        "prompt_cache.support": ({"caching": "5m"}, {"caching": "none"}),
        "prompt_cache.cached": ({"caching": "1h"}, {"caching": "5m"}),
        "service_tier.digest": ({"tier": "batch"}, {"tier": "default"}),
        "model_choice.triage": ({"model": "gpt-4.1-nano"}, {"model": "gpt-4.1"}),
    },
    {"support": 112.0, "cached": 272.0, "digest": 70.0, "triage": 264.0},
)
LEFT_OUT: Final = Pairs(
    shop_with_waste,
    {
        "retry.quotes": ({"most_attempts": 2}, {"most_attempts": None}),
        "loop_cap.worker": ({"most_steps": 10}, {"most_steps": None}),
        "context.report": ({"most_tokens": 6000}, {"most_tokens": None}),
    },
    {"quotes": 700.0, "worker": 200.0, "report": 500.0},
)
WAITED: Final = Pairs(
    shop_with_outages,
    {"retry.feeds.wait": ({"least_wait_s": 120.0}, {"least_wait_s": None})},
    {"feeds": 1500.0},
)
ANSWERED: Final = Pairs(
    shop,
    {"response_cache.faq": ({"answers_ttl_s": 86_400.0}, {"answers_ttl_s": None})},
    {"faq": 900.0},
    characters_per_token=0.5,
)
ALL: Final = (BILLED, LEFT_OUT, WAITED, ANSWERED)
_LEVERS: Final = {
    "caching": "prompt_cache",
    "tier": "service_tier",
    "model": "model",
    "most_attempts": "retry.attempts",
    "least_wait_s": "retry.wait",
    "most_steps": "loop.steps",
    "most_tokens": "context.most_tokens",
    "answers_ttl_s": "response_cache.ttl",
}


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was said of one remedy in one later period, and what is true of it: USD over that period."""

    seed: int
    treatment: str
    advice: str
    outcome: str
    said: Estimate | None
    truth: float

    @property
    def is_covered(self) -> bool:
        """Whether the interval holds the truth, but for what is lost in sums of floats."""
        slack = 1e-6 * max(abs(self.truth), 1e-6)
        return self.said is not None and self.said.low - slack <= self.truth <= self.said.high + slack


def first_period(pairs: Pairs, seed: int, folder: Path) -> tuple[Shop, Question]:
    """The shop before, in a store that keeps what was promised of it."""
    world = pairs.world(seed)
    calls = traffic_of(world)
    question = replace(written(world, calls, folder), store=folder / "before.duckdb")
    verbs.ingest(verbs.IngestRequest(question.paths, folder / "before.duckdb"), silent)
    with open_store(folder / "before.duckdb") as connection:
        keep_promises(
            connection, [_promise(world, calls, name, *each) for name, each in pairs.remedies.items()]
        )
    return world, replace(question, paths=())


def delivered_in(
    pairs: Pairs, seed: int, folder: Path, treatments: Sequence[str] = tuple(TREATMENTS)
) -> tuple[Delivered, ...]:
    """What is said of each remedy in each later period of the shop of this seed."""
    folder.mkdir(exist_ok=True)
    world, question = first_period(pairs, seed, folder)
    found: list[Delivered] = []
    for treatment in treatments:
        after, calls = period_after(pairs, world, treatment)
        review = reviewed(after, calls, question, folder / treatment)
        for each in review.promises:
            _, before = pairs.remedies[each.promise.id]
            truth = bill_usd(after.changed(app_of(each.promise.id), **before), calls) - bill_usd(after, calls)
            found.append(Delivered(seed, treatment, each.promise.id, each.outcome, each.delivered_usd, truth))
    return tuple(found)


def period_after(pairs: Pairs, world: Shop, treatment: str) -> tuple[Shop, tuple[Call, ...]]:
    """The shop of the next two days, and its calls."""
    part, times = TREATMENTS[treatment]
    remedies = [Remedy(app_of(name), to, part) for name, (to, _) in pairs.remedies.items()]
    after = later(world, remedies, times)
    return after, traffic_of(after)


def reviewed(after: Shop, calls: tuple[Call, ...], question: Question, folder: Path) -> Review:
    """The review of a copy of the question's store that has the later calls too."""
    folder.mkdir()
    store = folder / "s.duckdb"
    store.write_bytes((question.store or Path()).read_bytes())
    written(after, calls, folder)
    verbs.ingest(verbs.IngestRequest((str(folder / TRACES),), store), silent)
    return verbs.review(replace(question, store=store), silent)


def _promise(world: Shop, calls: Sequence[Call], advice: str, to: Choices, before: Choices) -> Promise:
    app = app_of(advice)
    saved = bill_usd(world, calls) - bill_usd(world.changed(app, **to), calls)
    bounds = sorted((0.8 * saved, 1.2 * saved))
    return Promise(
        id=advice,
        kind=advice.partition(".")[0],
        request_class=app,
        pool=None,
        advised_as="recommended",
        change=tuple(
            change_of(setting("class", _LEVERS[name], app, value), before[name]) for name, value in to.items()
        ),
        promised_usd=Estimate(
            low=bounds[0], mid=saved, high=bounds[1], level=0.95, method="the world's own bill"
        ),
        window_from=iso_utc(world.start_ns),
        window_to=iso_utc(world.start_ns + round(world.hours * 3600e9)),
        calls=sum(world.apps[call.app].name == app for call in calls),
        reversal="As before.",
        made=iso_utc(world.start_ns),
        document_sha256="",
    )
