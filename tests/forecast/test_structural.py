"""The level, the rhythm and the growth of a series: closed forms, and what statsmodels itself forecasts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.tsa.statespace.structural import UnobservedComponents

from costctl.forecast.outlook import Outlook, outlook_of
from costctl.forecast.paths import drawn, together
from costctl.forecast.structural import WANDERING, Fitted, Member, fitted
from tests.forecast.daily_worlds import FLAT, GROWING

DAYS = 42


def member(fit: Fitted, wandering: float) -> Member:
    """The one of this wandering that is in USD."""
    return next(each for each in fit.members if each.wandering == wandering and not each.is_log)


def test_a_level_that_stands_still_is_a_regression_on_weekdays_and_time() -> None:
    usd = GROWING.spent(1, DAYS)
    still = member(fitted(usd, 7, has_growth=True, may_be_log=False), 0.0)
    weekdays = np.eye(7)[np.arange(DAYS) % 7]
    regressors = np.column_stack([weekdays, np.arange(DAYS)])
    coefficients, squares, _, _ = np.linalg.lstsq(regressors, usd / usd.mean(), rcond=None)
    assert still.state[1] == pytest.approx(coefficients[-1])
    assert still.squares == pytest.approx(float(squares[0]))
    assert still.freedom == DAYS - 8
    assert still.covariance[1, 1] == pytest.approx(np.linalg.inv(regressors.T @ regressors)[-1, -1])


@pytest.mark.parametrize("has_growth", [False, True])
@pytest.mark.parametrize("wandering", WANDERING[:6:5])
def test_what_is_expected_and_how_sure_is_what_statsmodels_forecasts(
    wandering: float, has_growth: bool
) -> None:
    usd = FLAT.spent(2, DAYS)
    each = member(fitted(usd, 7, has_growth=has_growth, may_be_log=False), wandering)
    model = UnobservedComponents(
        usd / usd.mean(),
        "local linear deterministic trend" if has_growth else "local level",
        seasonal=7,
        stochastic_seasonal=False,
        use_exact_diffuse=True,
    )
    theirs = model.filter([1.0, wandering]).get_forecast(30)
    assert each.ahead(30) @ each.state == pytest.approx(theirs.predicted_mean)
    alone = Outlook(Fitted(1.0, 7, has_growth, (replace(each, weight=1.0),)), None)
    paths = drawn(alone, 30, np.random.default_rng(0), 40_000)
    spread = np.sqrt(theirs.var_pred_mean * each.squares / (each.freedom - 2))  # of Student's t
    assert paths.std(axis=0) == pytest.approx(spread, rel=0.03)


def test_members_are_weighed_and_the_heaviest_is_first() -> None:
    weights = [each.weight for each in fitted(FLAT.spent(3, DAYS), 7, has_growth=False).members]
    assert sum(weights) == pytest.approx(1.0)
    assert weights == sorted(weights, reverse=True)


def test_a_series_in_another_currency_is_forecast_in_it() -> None:
    usd = FLAT.spent(4, DAYS)
    one, cents = (
        drawn(outlook_of(unit * usd, 7, slots_a_day=1), 30, np.random.default_rng(0)) for unit in (1.0, 100.0)
    )
    assert cents == pytest.approx(100.0 * one)


def test_of_nothing_comes_nothing() -> None:
    assert not drawn(outlook_of(np.zeros(DAYS), 7, slots_a_day=1), 5, np.random.default_rng(0)).any()


def test_a_day_on_which_nothing_was_spent_forbids_the_logarithm() -> None:
    usd = FLAT.spent(5, DAYS)
    usd[10] = 0.0
    assert not any(each.is_log for each in fitted(usd, 7, has_growth=False).members)


def test_a_rhythm_must_be_seen_twice() -> None:
    with pytest.raises(ValueError, match="fewer than two periods"):
        fitted(np.ones(13), 7, has_growth=False)


def test_put_together_each_class_keeps_its_futures_and_they_move_as_their_errors_did() -> None:
    rng = np.random.default_rng(6)
    series = [rng.lognormal(size=(4000, 3)) for _ in range(2)]
    errors = rng.standard_normal(200)
    opposed = together(series, [errors, -errors], np.random.default_rng(0))
    for before, after in zip(series, opposed, strict=True):
        assert np.sort(after.sum(axis=1)) == pytest.approx(np.sort(before.sum(axis=1)))
    ranks = [np.argsort(np.argsort(each.sum(axis=1))) for each in opposed]
    assert np.corrcoef(ranks)[0, 1] == pytest.approx(-1.0)
