"""Prompts that begin alike, of calls that do not say what they read from a cache: what keeping them would save is in no
sum, since they may be kept already. One call that says so decides it.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from costctl.documents.price_settings import PriceSettings
from costctl.documents.recommendations import Recommendation
from costctl.documents.settings import Settings
from costctl.rebill.rates import PriceList
from costctl.recommend.bought.evaluator import evaluated
from costctl.recommend.bought.kinds import prompt_cache
from costctl.recommend.bought.study import bought_study_of
from tests.rebill.made_calls import Made, bought

SESSIONS = [
    Made(request, 600.0 * request + 60.0 * turn, parts=(("system", 20_000), (f"{request}/{turn}", 100)))
    for request in range(60)
    for turn in range(2)
]


def advice(says_what_it_read: int) -> Recommendation:
    """says_what_it_read: how many of the calls do."""
    calls = bought(SESSIONS)
    place = pl.int_range(pl.len())
    calls = replace(
        calls, frame=calls.frame.with_columns((place < says_what_it_read).alias("is_cache_observed"))
    )
    study = bought_study_of(calls, Settings(), PriceList(PriceSettings()), 600.0 * 60, 0)
    assert study is not None
    (proposal,) = prompt_cache.propose(study)
    return evaluated(study, proposal)


def test_what_nobody_saw_being_read_is_no_saving_yet() -> None:
    unknown, known = advice(says_what_it_read=0), advice(says_what_it_read=1)
    assert (unknown.status, known.status) == ("candidate", "recommended")
    assert unknown.before is not None
    assert unknown.before.startswith("See what is read from caches today")
    assert known.before is None
    assert unknown.cash_usd == known.cash_usd


def test_the_evidence_never_calls_the_unknown_nothing() -> None:
    unknown, known = (
        next(each.statement for each in advice(count).evidence if each.id == "tokens") for count in (0, 1)
    )
    assert "it is not observed how many were read from a cache" in unknown
    assert "0% were read from a cache" in known
