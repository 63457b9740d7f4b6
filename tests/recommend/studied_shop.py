"""The study of a shop's bought tokens, and recommendations on it as they are written down."""

from __future__ import annotations

from msgspec.structs import replace

from costctl.documents.recommendations import Recommendation
from costctl.documents.settings import Settings
from costctl.levers.settings import Setting, change_of
from costctl.observation import Question, observed
from costctl.progress import silent
from costctl.rebill.calls import bought_calls_of
from costctl.rebill.rates import PriceList
from costctl.recommend.bought.study import BoughtStudy, bought_study_of
from costctl.recommend.evaluator import withheld
from costctl.recommend.proposals import Subject
from costctl.units import S_PER_HOUR

WINDOW_S = 48 * S_PER_HOUR


def study_of_shop(question: Question, settings: Settings | None = None) -> BoughtStudy:
    """The study of the calls. settings: instead of those of the question."""
    with observed(question, silent) as observation:
        fetch = observation.engine.fetch
        calls = bought_calls_of(fetch("bought_calls"), fetch("call_prompt"))
        declared = settings or observation.config.settings
    study = bought_study_of(calls, declared, PriceList(declared.prices), WINDOW_S, seed=0)
    assert study is not None
    return study


def recommended(name: str, *settings: Setting) -> Recommendation:
    """A recommendation that these settings be made."""
    made = withheld(Subject("made_up", settings[0].subject), "It is so.")
    return replace(
        made,
        id=name,
        status="recommended",
        withheld_as=None,
        change=tuple(change_of(each, None) for each in settings),
    )
