"""What is said to have been delivered by a shop of which it is known? A period, and one after it: the remedy made,
half made, not made, or made while traffic doubled.

Shape in: a seed, what was done. Shape out: ``Delivered`` values. The truth is the later traffic, answered and billed
again under the old choice by the shop's own providers, which share nothing with the bill that costctl runs.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from costctl.synth.shop.traffic import Call, traffic_of
from costctl.synth.shop.truth import bill_usd
from costctl.synth.shop.world import App, Shop
from costctl.units import iso_utc
from tests.synth.written_shop import TRACES, small_shop, written

PART: Final = 0.08  # of the shop's sessions
TREATMENTS: Final = {
    "made": (1.0, 1.0),
    "half made": (0.5, 1.0),
    "not made": (0.0, 1.0),
    "traffic doubled": (1.0, 2.0),
}
# Advice, the choices of the world that it stands for, and what was chosen before.
REMEDIES: Final[dict[str, tuple[dict[str, Any], dict[str, Any]]]] = {
    "prompt_cache.support": ({"caching": "5m"}, {"caching": "none"}),
    "prompt_cache.cached": ({"caching": "1h"}, {"caching": "5m"}),
    "service_tier.digest": ({"tier": "batch"}, {"tier": "default"}),
    "model_choice.triage": ({"model": "gpt-4.1-nano"}, {"model": "gpt-4.1"}),
}
_LEVERS: Final = {"caching": "prompt_cache", "tier": "service_tier", "model": "model"}


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


def first_period(seed: int, folder: Path) -> tuple[Shop, Question]:
    """The shop before, in a store that keeps what was promised of it.."""
    whole = small_shop(seed=seed, part=PART)
    apps = tuple(app for app in whole.apps if any(app.name == app_of(name) for name in REMEDIES))
    world = replace(whole, apps=tuple(map(_often_enough, apps)))
    calls = traffic_of(world)
    question = replace(written(world, calls, folder), store=folder / "before.duckdb")
    verbs.ingest(verbs.IngestRequest(question.paths, folder / "before.duckdb"), silent)
    with open_store(folder / "before.duckdb") as connection:
        keep_promises(connection, [_promise(world, calls, name) for name in REMEDIES])
    return world, replace(question, paths=())


def _often_enough(app: App) -> App:
    """So few sessions say nothing of a saving."""
    return replace(app, sessions=max(app.sessions, 70.0))


def delivered_in(
    seed: int, folder: Path, treatments: Sequence[str] = tuple(TREATMENTS)
) -> tuple[Delivered, ...]:
    """What is said of each remedy in each later period of the shop of this seed."""
    world, question = first_period(seed, folder)
    found: list[Delivered] = []
    for treatment in treatments:
        after, calls = period_after(world, treatment)
        review = reviewed(after, calls, question, folder / treatment)
        found += [
            Delivered(
                seed,
                treatment,
                each.promise.id,
                each.outcome,
                each.delivered_usd,
                _truth(after, calls, each.promise.id),
            )
            for each in review.promises
        ]
    return tuple(found)


def period_after(world: Shop, treatment: str) -> tuple[Shop, tuple[Call, ...]]:
    """The shop of the next two days, and its calls."""
    part, times = TREATMENTS[treatment]
    after = later(world, [Remedy(app_of(name), to, part) for name, (to, _) in REMEDIES.items()], times)
    return after, traffic_of(after)


def reviewed(after: Shop, calls: tuple[Call, ...], question: Question, folder: Path) -> Review:
    """The review of a copy of the question's store that has the later calls too."""
    folder.mkdir()
    store = folder / "s.duckdb"
    store.write_bytes((question.store or Path()).read_bytes())
    written(after, calls, folder)
    verbs.ingest(verbs.IngestRequest((str(folder / TRACES),), store), silent)
    return verbs.review(replace(question, store=store), silent)


def app_of(advice: str) -> str:
    """The application that advice is about."""
    return advice.partition(".")[2]


def _truth(after: Shop, calls: Sequence[Call], advice: str) -> float:
    """What the later calls cost less than under the old choice, USD."""
    _, before = REMEDIES[advice]
    return bill_usd(after.changed(app_of(advice), **before), calls) - bill_usd(after, calls)


def _promise(world: Shop, calls: Sequence[Call], advice: str) -> Promise:
    to, before = REMEDIES[advice]
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
