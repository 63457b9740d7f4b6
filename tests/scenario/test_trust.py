"""Which metrics of a replay may be acted on: laws of the verdicts, and what they are asked for."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.documents.calibration import Calibration, Fit, MetricFit
from costctl.render.calibration import calibration_table, trust_line, trust_lines
from costctl.scenario.trust import FEWEST_CALLS, is_trusted, metric_fit

MANY = 1000
SECONDS = st.floats(1e-4, 1e4)
OBJECTIVES = st.none() | st.floats(1e-3, 1e4)


def fit(name: str, *metrics: MetricFit) -> Fit:
    return Fit(
        name,
        MANY,
        metrics,
        tuple(each.metric for each in metrics if each.is_trusted),
        tuple(each.metric for each in metrics if each.is_trusted is False),
    )


def latency(replayed_s: float, calls: int = MANY) -> MetricFit:
    """Observed is one second."""
    return metric_fit("call_latency_p95", 1.0, replayed_s, None, calls)


def ttft(replayed_s: float) -> MetricFit:
    """Observed are a hundred milliseconds."""
    return metric_fit("call_ttft_p50", 0.1, replayed_s, None, MANY)


CALIBRATION = Calibration(
    tolerance_ratio=0.1,
    fewest_calls=FEWEST_CALLS,
    trusted_metrics=("call_latency_p95",),
    untrusted_metrics=("call_ttft_p50",),
    reasons=(),
    classes=(
        fit("chat", latency(1.0), ttft(0.077)),
        fit("rag", latency(1.05), ttft(0.1)),
        fit("report", latency(2.0, calls=3)),
    ),
    pools=(fit("gpu", latency(1.0), ttft(0.1)),),
    not_reproduced=(),
)


@given(SECONDS, OBJECTIVES)
def test_a_metric_without_error_is_trusted(observed_s: float, objective_s: float | None) -> None:
    assert metric_fit("busy", observed_s, observed_s, objective_s, MANY).is_trusted is True


def test_nothing_observed_and_nothing_replayed_is_no_error() -> None:
    assert metric_fit("call_ttft_p50", 0.0, 0.0, None, MANY).is_trusted is True
    assert metric_fit("call_ttft_p50", 0.0, 1.0, None, MANY).is_trusted is False


@given(SECONDS, SECONDS, st.floats(1e-3, 1e4), st.integers(-10, 10))
def test_verdicts_do_not_depend_on_the_unit_of_time(
    observed_s: float, replayed_s: float, objective_s: float, doublings: int
) -> None:
    factor = 2.0**doublings
    plain = metric_fit("call_latency_p95", observed_s, replayed_s, objective_s, MANY)
    scaled = metric_fit(
        "call_latency_p95", observed_s * factor, replayed_s * factor, objective_s * factor, MANY
    )
    assert scaled.is_trusted == plain.is_trusted
    assert scaled.error_ratio == plain.error_ratio


@given(SECONDS, SECONDS, st.floats(1e-3, 1e4), st.floats(1.0, 10.0))
def test_a_looser_objective_never_costs_trust(
    observed_s: float, replayed_s: float, objective_s: float, looser: float
) -> None:
    strict = metric_fit("call_latency_p95", observed_s, replayed_s, objective_s, MANY)
    loose = metric_fit("call_latency_p95", observed_s, replayed_s, objective_s * looser, MANY)
    assert bool(loose.is_trusted) >= bool(strict.is_trusted)


@pytest.mark.parametrize(
    ("replayed_s", "objective_s", "verdict"),
    [
        (0.0346, None, True),  # 15 % of 30 ms, yet only 4.6 ms
        (0.0351, None, False),
        (0.0399, 0.1, True),  # a tenth of the objective is 10 ms
        (0.0401, 0.1, False),
        (0.0331, 0.03, False),  # 10.3 %, and more than 3 ms: a strict objective makes small things matter
        (0.0329, 0.03, True),
    ],
)
def test_a_difference_that_decides_nothing_is_no_failure(
    replayed_s: float, objective_s: float | None, verdict: bool
) -> None:
    assert metric_fit("call_ttft_p95", 0.030, replayed_s, objective_s, MANY).is_trusted is verdict


def test_a_replay_without_a_figure_is_not_trusted() -> None:
    assert metric_fit("call_latency_p50", 1.0, float("nan"), 5.0, MANY).is_trusted is False


def test_too_few_calls_have_no_verdict() -> None:
    assert metric_fit("call_latency_p50", 1.0, 1.0, None, FEWEST_CALLS - 1).is_trusted is None
    assert metric_fit("call_latency_p50", 1.0, 1.0, None, FEWEST_CALLS).is_trusted is True


def test_each_metric_is_asked_for_by_itself() -> None:
    assert is_trusted(CALIBRATION, "call_latency_p95", request_class="chat") is True
    assert is_trusted(CALIBRATION, "call_ttft_p50", request_class="chat") is False
    assert is_trusted(CALIBRATION, "call_ttft_p50", request_class="rag") is True
    assert is_trusted(CALIBRATION, "call_ttft_p50", request_class="chat", pool="gpu") is False
    assert is_trusted(CALIBRATION, "call_ttft_p50", request_class="rag", pool="gpu") is True
    assert is_trusted(CALIBRATION, "call_latency_p95") is True
    assert is_trusted(CALIBRATION, "call_ttft_p50") is False


def test_what_was_not_judged_is_unknown() -> None:
    assert is_trusted(CALIBRATION, "call_latency_p95", request_class="report") is None
    assert is_trusted(CALIBRATION, "call_ttft_p95", request_class="chat") is None
    assert is_trusted(CALIBRATION, "call_latency_p95", pool="nowhere") is None
    assert is_trusted(CALIBRATION, "busy") is None


def test_the_text_names_what_to_act_on_and_what_not() -> None:
    assert trust_lines(CALIBRATION) == [
        "Act on end-to-end latency of all classes and pools; time to first token of pool gpu and rag: a replay of "
        "today is within 10% of what was observed, or off by too little to matter.",
        "DO NOT ACT on time to first token of chat (call TTFT p50 -23.0%).",
        "Too few calls to judge, fewer than 28: report.",
    ]
    table = calibration_table(CALIBRATION)
    assert table.title.endswith("(* do not act on, ? too few calls to say)")
    rows = {
        str(row[0]): dict(zip(table.columns, [str(cell) for cell in row], strict=True)) for row in table.rows
    }
    assert (rows["chat"]["call latency p95"], rows["chat"]["call TTFT p50"]) == ("0.0%", "-23.0% *")
    assert (rows["rag"]["call latency p95"], rows["rag"]["call TTFT p50"]) == ("+5.0%", "0.0%")
    assert rows["report"]["call latency p95"] == "+100.0% ?"


def test_a_replay_that_is_trusted_only_where_it_matters_little_claims_no_more_than_a_part() -> None:
    alike = msgspec.structs.replace(CALIBRATION, largest_error_ratio=None)
    assert trust_line(alike) == "reproduces today only in part; DO NOT ACT on chat (call TTFT p50 -23.0%)"
    good = msgspec.structs.replace(alike, pools=(), classes=(fit("chat", latency(1.0)),))
    assert trust_line(good) == "reproduces today's latency and busy time, off by too little to matter"


def test_a_metric_that_is_off_changes_no_other_line() -> None:
    without = msgspec.structs.replace(
        CALIBRATION,
        untrusted_metrics=(),
        trusted_metrics=("call_latency_p95", "call_ttft_p50"),
        classes=(fit("chat", latency(1.0)), *CALIBRATION.classes[1:]),
    )
    assert is_trusted(without, "call_latency_p95", request_class="chat") is True
    assert not any(line.startswith("DO NOT ACT") for line in trust_lines(without))
    assert trust_lines(without)[-1] == trust_lines(CALIBRATION)[-1]
