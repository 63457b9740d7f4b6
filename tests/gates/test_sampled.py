"""How far values may be off: they are the values of the document, and requests of a session count once."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl
import pytest

from costctl.cost.sampled import sampled_of
from costctl.documents.analysis import Analysis
from costctl.documents.estimate import Estimate
from costctl.documents.metric_values import values_of
from costctl.documents.metrics import METRICS
from costctl.documents.sampled import Sampled
from costctl.observation import Question, observed
from costctl.progress import silent
from costctl.stats.noninferiority import wilson
from costctl.verbs.analyze import Analyzed, analyzed
from costctl.verbs.baseline import sampled_analysis


@pytest.fixture(scope="module")
def made(short_question: Question) -> Analyzed:
    with observed(short_question, silent) as observation:
        return sampled_analysis(observation, silent)


def test_what_may_be_off_is_the_value_of_the_document(made: Analyzed) -> None:
    assert {each.metric for each in made.document.sampled} == {
        "success_ratio", "usd_per_completed_task", "usd_per_success", "slo_attainment", "attributed_usd",
        "stage_s_per_request",
        *(f"{time}_{at}" for time in ("e2e", "ttft") for at in ("p50", "p95", "p99")),
    }  # fmt: skip
    for each in made.document.sampled:
        (value,) = (
            reading.value
            for reading in values_of(METRICS[each.metric], made.document)
            if reading.subject == each.subject
        )
        known = value.mid if isinstance(value, Estimate) else value
        assert each.value == pytest.approx(known), each
        assert each.low is None or each.low <= each.value
        assert each.high is None or each.value <= each.high


def test_the_stages_of_a_class_add_up_to_the_mean_time_of_its_requests(
    made: Analyzed, short_question: Question
) -> None:
    with observed(short_question, silent) as observation:
        requests = observation.engine.fetch("requests", ("request_id", "duration_s"))
    timed = made.frames.traffic.placed(requests.drop_nulls())
    means = dict(
        timed.group_by(pl.col("request_class").cast(pl.String)).agg(pl.col("duration_s").mean()).iter_rows()
    )
    assert len(means) > 2
    for report in made.document.classes:
        stages = {use.stage: use.s_per_request or 0.0 for use in report.stages}
        assert sum(stages.values()) == pytest.approx(means[report.request_class], rel=1e-9)
        sampled = {
            dict(each.subject)["stage"]: each.value
            for each in made.document.sampled
            if each.metric == "stage_s_per_request"
            and ("request_class", report.request_class) in each.subject
        }
        assert sampled == pytest.approx(stages)


def test_part_of_the_requests_has_the_interval_of_wilson(made: Analyzed) -> None:
    (whole,) = named(made.document, "success_ratio", ())
    totals = made.document.totals
    assert whole.samples == totals.requests
    assert (whole.low, whole.high) == pytest.approx(
        wilson(totals.successes / totals.requests, totals.requests)
    )


def test_requests_of_one_session_are_drawn_together(made: Analyzed) -> None:
    """As many copies of each request, all in the session of the first, tell no more than it alone."""
    alone = of_sessions(made, lambda number: f"s{number}")
    in_pairs = of_sessions(made, lambda number: f"s{number // 2}")
    nobody = of_sessions(made, lambda _: None)
    assert (alone.unit, in_pairs.unit, nobody.unit) == ("requests", "sessions", "requests")
    assert in_pairs.samples == -(-alone.samples // 2)
    assert (nobody.low, nobody.high) == (alone.low, alone.high)
    assert alone.value == pytest.approx(in_pairs.value)


def test_with_fewer_than_28_sessions_no_cost_of_one_is_told(made: Analyzed) -> None:
    few = of_sessions(made, lambda number: f"s{number % 20}")
    assert (few.samples, few.value, few.low) == (20, None, None)


def test_noise_of_a_sum_is_that_of_its_requests_where_they_come_alone() -> None:
    from costctl.cost.change_noise import sum_noise_usd

    rng = np.random.default_rng(3)
    sums, noises = [], []
    for _ in range(300):
        counts = rng.poisson(40, size=96)
        costs = [rng.lognormal(sigma=0.5, size=count) for count in counts]
        blocks = np.array([each.sum() for each in costs])
        sums.append(blocks.sum())
        noises.append(sum_noise_usd(blocks, float(sum((each**2).sum() for each in costs)), 1.96))
    assert np.mean(noises) == pytest.approx(np.std(sums), rel=0.15)


def test_a_document_with_its_noise_reads_back_as_it_was_written(made: Analyzed) -> None:
    assert msgspec.json.decode(msgspec.json.encode(made.document), type=Analysis) == made.document


def test_an_analysis_that_nobody_gates_carries_none(sample_analysis: Analysis) -> None:
    assert sample_analysis.sampled == ()


def named(document: Analysis, metric: str, subject: tuple[tuple[str, str], ...]) -> list[Sampled]:
    return [each for each in document.sampled if (each.metric, each.subject) == (metric, subject)]


def of_sessions(made: Analyzed, session: object) -> Sampled:
    """The whole's cost per completed task, where requests belong to these sessions."""
    ids = made.frames.requests["request_id"].sort()
    assert callable(session)
    sessions = pl.DataFrame(
        {"request_id": ids, "session_id": [session(number) for number in range(ids.len())]},
        schema_overrides={"session_id": pl.String},
    )
    from costctl.documents.settings import Settings

    found = sampled_of(made.frames, sessions, made.spending, made.document, Settings(), 0)
    (whole,) = (each for each in found if (each.metric, each.subject) == ("usd_per_completed_task", ()))
    return whole


def test_the_analysis_is_that_of_the_verb(made: Analyzed, short_question: Question) -> None:
    with observed(short_question, silent) as observation:
        plain = analyzed(observation, silent).document
    assert msgspec.structs.replace(made.document, sampled=()) == plain
