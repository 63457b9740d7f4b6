"""Calls and engines' metrics are weighed by what each is sure of."""

from __future__ import annotations

import pytest

from costctl.service_model.covariance import of_errors_alone
from costctl.service_model.engine_interval import EngineTimes
from costctl.service_model.engine_log import EngineFit
from costctl.service_model.joined_times import JoinedTimes, times_of_both
from costctl.service_model.step_clock import StepTimes

CALLS = StepTimes(0.020, 0.0010, 1e-4, 300, 0.01, 0.01, of_errors_alone((0.001, 0.0001, 0.0)))


def engine(alpha_s: float, error_s: float) -> EngineTimes:
    fit = EngineFit(alpha_s, 0.0010, 1e-4, None, None, 60)
    errors_s = (error_s, 0.0001, 1e-5)
    return EngineTimes(fit, errors_s, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), 0.02, 0.03, (), None)


def joined(calls: StepTimes | str, told: EngineTimes | str | None) -> JoinedTimes:
    found = times_of_both(calls, told)
    assert isinstance(found, JoinedTimes)
    return found


def test_two_that_are_as_sure_meet_half_way_and_are_surer_together() -> None:
    both = joined(CALLS, engine(0.022, 0.001))
    assert both.times.alpha_s == pytest.approx(0.021)
    assert both.times.errors_s[0] == pytest.approx(0.001 / 2**0.5)
    assert both.origins[0] == "calls (50%) and engine metrics (50%)"


def test_where_they_contradict_each_other_the_calls_count_and_it_is_said() -> None:
    both = joined(CALLS, engine(0.030, 0.001))
    assert both.times.alpha_s == 0.020
    assert both.origins[0] == "calls; engine metrics differ: 30 ms"


def test_an_error_that_is_not_known_is_not_taken_for_none() -> None:
    assert joined(CALLS, engine(0.020, 0.001)).origins[2] == "calls"


def test_either_alone_will_do() -> None:
    assert joined("no time to first token", engine(0.022, 0.001)).origins == ("engine metrics",) * 3
    assert joined(CALLS, "busy in only 2 windows").times == CALLS
    assert times_of_both("no time to first token", "busy in only 2 windows") == (
        "no time to first token; and of its engines' metrics: busy in only 2 windows"
    )
    assert times_of_both("no time to first token", None) == "no time to first token"
