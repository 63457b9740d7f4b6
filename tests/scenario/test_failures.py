"""``--fail gpu:2@14:00-14:30`` is read as instants within the window."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.errors import UsageError
from costctl.instants import ns_from_iso
from costctl.levers.platform import Failure
from costctl.scenario.failures import failure_of
from costctl.units import NS_PER_S, iso_utc

WINDOW = (ns_from_iso("2026-11-24T13:00:00Z"), ns_from_iso("2026-11-25T13:00:00Z"))
REPLICAS = {"gpu-premium": 4, "a:b": 1}


def failure(text: str) -> Failure:
    return failure_of(text, REPLICAS, WINDOW)


def test_a_time_of_day_is_the_first_within_the_window() -> None:
    assert failure("gpu-premium:2@14:00") == Failure("gpu-premium", 2, 3600.0, math.inf)
    assert failure("gpu-premium:1@9:30") == Failure("gpu-premium", 1, 20.5 * 3600, math.inf)


def test_an_end_may_be_given_and_may_lie_after_midnight() -> None:
    assert failure("gpu-premium:2@14:00-14:30") == Failure("gpu-premium", 2, 3600.0, 5400.0)
    assert failure("gpu-premium:2@23:00-01:00") == Failure("gpu-premium", 2, 10 * 3600.0, 12 * 3600.0)


def test_dates_with_times_are_meant_as_they_are() -> None:
    both = failure("gpu-premium:2@2026-11-24T14:00:00Z-2026-11-24T15:00:00Z")
    assert both == Failure("gpu-premium", 2, 3600.0, 7200.0)
    assert failure("gpu-premium:2@2026-11-24T15:00:00+01:00").from_s == 3600.0
    assert failure("gpu-premium:2@2026-11-24T14:00-15:00").until_s == 7200.0


def test_a_pool_may_have_a_colon_in_its_name() -> None:
    assert failure("a:b:1@14:00").pool == "a:b"


@pytest.mark.parametrize(
    "text",
    [
        "gpu-premium@14:00",
        "gpu-premium:2",
        "gpu-premium:5@14:00",
        "gpu-premium:0@14:00",
        "gpu-premium:x@14:00",
        "gpu-premum:1@14:00",
        "gpu-premium:1@25:00",
        "gpu-premium:1@14:00-",
        "gpu-premium:1@2026-11-30T14:00:00Z",
        "gpu-premium:1@2026-11-24T15:00:00Z-2026-11-24T14:00:00Z",
        "",
    ],
)
def test_what_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        failure(text)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    try:
        failure(f"gpu-premium:1@{text}")
    except UsageError as error:
        assert error.why


@given(st.integers(0, 86_399), st.integers(1, 86_400))
def test_instants_are_read_back(second: int, lasts: int) -> None:
    from_ns = WINDOW[0] + second * NS_PER_S
    text = f"gpu-premium:1@{iso_utc(from_ns)}-{iso_utc(from_ns + lasts * NS_PER_S)}"
    assert failure(text) == Failure("gpu-premium", 1, float(second), float(second + lasts))
