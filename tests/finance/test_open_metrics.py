"""Metrics of a window are read by Prometheus's own parser, and are the figures of the analysis."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from costctl import verbs
from costctl.finance.open_metrics import BOUNDS_S, Family, Sample
from costctl.observation import Question
from costctl.render.open_metrics import open_metrics_text
from costctl.verbs.export import Scraped
from tests.conftest import unwatched

Key = tuple[str, tuple[tuple[str, str], ...]]


def read(text: str) -> dict[Key, float]:
    """Name and labels of each sample → its value."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def labelled(**labels: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


@pytest.fixture(scope="module")
def scraped(short_question: Question) -> Scraped:
    return verbs.open_metrics(short_question, unwatched)


@pytest.fixture(scope="module")
def samples(scraped: Scraped) -> dict[Key, float]:
    return read(open_metrics_text(scraped.families))


def test_the_figures_are_those_of_the_analysis(scraped: Scraped, samples: dict[Key, float]) -> None:
    assert samples["costctl_billed_usd", ()] == scraped.analysis.totals.billed_usd
    for each in scraped.analysis.classes:
        of_class = labelled(request_class=each.request_class)
        assert samples["costctl_requests", of_class] == each.requests
        assert samples["costctl_attributed_usd", of_class] == each.cost.attributed_usd
        assert each.cost.usd_per_success is not None
        mid = labelled(request_class=each.request_class, bound="mid")
        assert samples["costctl_cost_per_success_usd", mid] == each.cost.usd_per_success.mid
    for pool in scraped.analysis.pools:
        assert samples["costctl_utilisation_ratio", labelled(pool=pool.pool)] == pool.utilisation_ratio


def test_the_95th_percentile_lies_in_the_bucket_that_says_so(
    scraped: Scraped, samples: dict[Key, float]
) -> None:
    name = "costctl_request_duration_seconds"
    for each in scraped.analysis.classes:
        assert each.latency_s is not None
        total = samples[f"{name}_count", labelled(request_class=each.request_class)]
        counts = [
            samples[f"{name}_bucket", labelled(request_class=each.request_class, le=repr(bound))]
            for bound in BOUNDS_S
        ]
        assert counts == sorted(counts)
        first = int(np.argmax(np.array(counts) >= 0.95 * total))
        assert each.latency_s.p95 <= BOUNDS_S[first]
        assert first == 0 or each.latency_s.p95 > BOUNDS_S[first - 1]


def test_the_stages_of_a_class_add_up_to_its_requests(scraped: Scraped, samples: dict[Key, float]) -> None:
    for each in scraped.analysis.classes:
        whole = samples["costctl_request_duration_seconds_sum", labelled(request_class=each.request_class)]
        stages = [
            value
            for (name, labels), value in samples.items()
            if name == "costctl_stage_seconds_sum" and ("request_class", each.request_class) in labels
        ]
        assert sum(stages) == pytest.approx(whole, rel=1e-6)


def test_hostile_names_do_nothing() -> None:
    name = 'a"} 1\ncostctl_evil{x="\\\x1b[31m'
    family = Family("costctl_requests", "gauge", "", "Requests.", (Sample("", (("pool", name),), 2.0),))
    text = open_metrics_text([family])
    assert "\x1b" not in text
    ((key, value),) = read(text).items()
    assert (key[0], value) == ("costctl_requests", 2.0)
    assert text.count("\n") == 4


def test_every_metric_is_on_the_page_and_no_other(scraped: Scraped, repository: Path) -> None:
    page = (repository / "docs/reference/openmetrics.md").read_text(encoding="utf-8")
    words = page.replace("`", " ").replace(",", " ").split()
    told = {word for word in words if word.startswith("costctl_")}
    assert {family.name for family in scraped.families} <= told
