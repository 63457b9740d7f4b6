"""Two periods of a shop of which it is known what became dearer, held against one gate.

Shape in: a seed, the application whose calls become longer (None: nothing changes). Shape out: ``Checked``: the
classes of which the gate says that they cost more, and what is true of the one that was changed. The truth is the later
traffic, billed by the shop's own providers under both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from costctl import verbs
from costctl.documents.check import Verdict
from costctl.observation import Question
from costctl.progress import silent
from costctl.render.document import as_json
from costctl.synth.shop.later import Remedy, later
from costctl.synth.shop.presets import shop
from costctl.synth.shop.provider import usage_of
from costctl.synth.shop.traffic import traffic_of
from costctl.synth.shop.truth import truth_of
from costctl.synth.shop.world import App, Shop
from costctl.synth.world import Spread
from tests.synth.written_shop import TRACES, written

REGRESSION: Final = 0.10
LIMIT: Final = 0.02
SESSIONS: Final = {"support": 240.0, "faq": 600.0, "triage": 1100.0}
MAY_REGRESS: Final = ("faq", "triage")
_GATE: Final = f'\n[[gates]]\nmetric = "usd_per_success"\nclass = "*"\nmax_increase = {LIMIT}\n'


@dataclass(frozen=True, slots=True)
class Change:
    """By what ratio a success of a class costs more, with its interval. samples: sessions, or requests, after."""

    value: float
    low: float
    high: float
    samples: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of one pair. regressed: the application that became dearer; truth: by what ratio.  breached: the
    classes that the gate names.  changes: what it found of each class.
    """

    seed: int
    regressed: str | None
    truth: float
    breached: tuple[str, ...]
    changes: dict[str, Change]

    @property
    def is_caught(self) -> bool:
        return self.regressed in self.breached

    @property
    def false_alarms(self) -> tuple[str, ...]:
        return tuple(name for name in self.breached if name != self.regressed)


def world(seed: int, part: float = 1.0) -> Shop:
    """The shop before. part: of its sessions."""
    whole = shop(seed)
    apps = tuple(
        replace(app, sessions=SESSIONS[app.name] * part) for app in whole.apps if app.name in SESSIONS
    )
    return replace(whole, apps=apps, characters_per_token=0.1)


def dearer(app: App, ratio: float) -> dict[str, Any]:
    """The choices under which all that the application sends and is answered is longer by the ratio."""
    assert app.answer is not None
    return {
        "system_tokens": round(app.system_tokens * (1 + ratio)),
        "said": _longer(app.said, ratio),
        "answer": _longer(app.answer, ratio),
    }


def checked(seed: int, regressed: str | None, folder: Path, part: float = 1.0) -> Checked:
    """The gate on the later period of the shop of this seed."""
    before = world(seed, part)
    after = later(before, ())
    if regressed is not None:
        app = next(each for each in before.apps if each.name == regressed)
        after = later(before, [Remedy(regressed, dearer(app, REGRESSION))])
    question = _written(before, folder / "before")
    baseline = folder / "baseline.json"
    baseline.write_text(as_json(verbs.baseline(question, silent)), encoding="utf-8")
    found = verbs.check(_written(after, folder / "after"), silent, baseline)
    by_class = {dict(each.subject)["request_class"]: each for each in found.verdicts}
    return Checked(
        seed,
        regressed,
        0.0 if regressed is None else _truth(later(before, ()), after, regressed),
        tuple(sorted(name for name, each in by_class.items() if each.outcome == "breached")),
        {name: Change(*_bounds(each), each.samples or 0) for name, each in by_class.items()},
    )


def _written(period: Shop, folder: Path) -> Question:
    folder.mkdir(parents=True)
    question = written(period, traffic_of(period), folder)
    assert question.config is not None
    question.config.write_text(question.config.read_text(encoding="utf-8") + _GATE, encoding="utf-8")
    return replace(question, paths=(str(folder / TRACES),), store=folder / "s.duckdb")


def _truth(unchanged: Shop, after: Shop, name: str) -> float:
    """By what ratio a request of the application costs more than the same request would unchanged."""
    usd = []
    for period in (unchanged, after):
        calls = traffic_of(period)
        apps = truth_of(period, calls, usage_of(period, calls)).apps
        usd.append(next(app.usd / app.requests for app in apps if app.name == name))
    return usd[1] / usd[0] - 1.0


def _bounds(verdict: Verdict) -> tuple[float, float, float]:
    judged = verdict.judged
    assert judged is not None
    assert judged.low is not None
    assert judged.high is not None
    return judged.value, judged.low, judged.high


def _longer(spread: Spread, ratio: float) -> Spread:
    return Spread(
        spread.median * (1 + ratio), spread.sigma, spread.least * (1 + ratio), spread.most * (1 + ratio)
    )
