"""Traffic of a part of the day: a week of it is seven such days, however long the window is from first to last."""

from __future__ import annotations

import pytest

from costctl.documents.price_settings import PriceSettings
from costctl.documents.recommendations import Recommendations
from costctl.documents.settings import ClassSettings, Settings
from costctl.rebill.calls import bought_calls_of
from costctl.rebill.rates import PriceList
from costctl.recommend.bought.study import bought_study_of
from costctl.recommend.document import build_recommendations
from costctl.service_model.pool_fit import fit_pools
from tests.rebill.made_calls import Made, bought
from tests.recommend.calls_by_hand import NOWHERE, START_S, USD_PER_CALL
from tests.relations.span_rows import chat, engine_of, frames_of

DAY_S = 24 * 3600.0
A_NIGHT = 50


def nightly(nights: int, from_s: float = START_S) -> Recommendations:
    """What is recommended for calls from 01:30 to 04:00 of each night, which can wait: half their price as a batch.

    from_s: the first midnight, s since 1970.
    """
    starts_s = [
        from_s + night * DAY_S + 5400.0 + 180.0 * number
        for night in range(nights)
        for number in range(A_NIGHT)
    ]
    told = {"model_served": "gpt-4.1", "provider": "openai", "input_tokens": 20_000, "output_tokens": 0}
    engine = engine_of(
        [chat(f"t{place}/call", at_s, at_s + 1.0, **told) for place, at_s in enumerate(starts_s)]
    )
    calls = bought_calls_of(engine.fetch("bought_calls"), engine.fetch("call_prompt"))
    settings = Settings(classes={calls.classes[0]: ClassSettings(deferrable=True)})
    frames = frames_of(engine, settings)
    study = bought_study_of(calls, settings, PriceList(PriceSettings()), frames.window_s, seed=0)
    return build_recommendations(frames, settings, fit_pools(frames, settings), study, NOWHERE, seed=0)


@pytest.mark.parametrize("nights", [2, 3, 9])
def test_a_week_of_nights_has_seven(nights: int) -> None:
    document = nightly(nights)
    a_night_usd = A_NIGHT * USD_PER_CALL
    assert document.baseline.usd == pytest.approx(nights * a_night_usd)
    assert document.baseline.usd_per_week == pytest.approx(7 * a_night_usd)
    assert document.baseline.requests_per_week == pytest.approx(7 * A_NIGHT)
    assert document.joint is not None
    saved, a_week = document.joint.cash_usd, document.joint.cash_usd_per_week
    assert saved is not None
    assert a_week is not None
    assert saved.mid == pytest.approx(nights * a_night_usd / 2)
    assert a_week.mid == pytest.approx(7 * a_night_usd / 2)


def test_of_one_night_no_week_is_told() -> None:
    document = nightly(1)
    assert document.baseline.usd_per_week is None
    assert document.joint is not None
    assert document.joint.cash_usd is not None
    assert document.joint.cash_usd_per_week is None


def test_a_saving_is_weighed_as_the_bill_is_by_when_its_request_began() -> None:
    # 26 hours: what begins in the first two stands for 3.5 a week. Each request goes on after these two hours.
    calls = [
        Made(request, at_s, parts=(("system", 20_000),), read=0)
        for at_s, request in sorted(
            (60.0 * request + late_s, request) for request in range(60) for late_s in (0.0, 4 * 3600.0)
        )
    ]
    study = bought_study_of(bought(calls), Settings(), PriceList(PriceSettings()), 26 * 3600.0, seed=0)
    assert study is not None
    assert set(study.times_a_week.tolist()) == {3.5}


def test_of_times_that_are_counted_from_zero_no_week_is_told() -> None:
    document = nightly(3, from_s=0.0)
    assert document.baseline.usd is not None
    assert not document.baseline.is_weekly_given
    assert nightly(3).baseline.is_weekly_given
