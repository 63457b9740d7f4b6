"""Every query of the Grafana dashboard, asked of a real Prometheus that has scraped the metrics, finds their figures.

A query that only chooses finds what Prometheus's own parser for Python reads; for one that calculates, the figure
stands here by another way.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from costctl import verbs
from costctl.observation import Question
from costctl.render.open_metrics import open_metrics_text
from costctl.serve.app import own_metrics
from costctl.serve.inbox import Inbox
from costctl.serve.keeper import State
from costctl.serve.receiver import Receiver
from tests.conftest import unwatched
from tests.prometheus_server import Labels, Prometheus, program, scraping

CHOOSES = re.compile(r"(costctl_\w+)(\{[^}]*\})?")
SPANS_A_SCRAPE = 40
Samples = dict[tuple[str, Labels], float]


@pytest.fixture(scope="module")
def window_text(short_question: Question) -> str:
    return open_metrics_text(verbs.open_metrics(short_question, unwatched).families)


@pytest.fixture(scope="module")
def samples(window_text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(window_text)
        for sample in family.samples
    }


@pytest.fixture(scope="module")
def prometheus(
    window_text: str, repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """One that scrapes the window, and a server that takes in spans from one scrape to the next."""
    if not program(repository, "prometheus").exists():
        pytest.skip("Prometheus is not installed; run: make validators")
    inbox = Inbox(tmp_path_factory.mktemp("inbox"), 1_000)
    receiver = Receiver(inbox, 1_000)

    def text() -> str:
        receiver.answered["traces", 200] += 1
        state = State(spans=SPANS_A_SCRAPE * receiver.answered["traces", 200])
        return window_text.removesuffix("# EOF\n") + "\n".join(own_metrics(inbox, state, receiver)) + "\n"

    with scraping(repository, tmp_path_factory.mktemp("prometheus"), text, scrapes=4) as started:
        yield started


@pytest.fixture(scope="module")
def queries(repository: Path) -> dict[str, str]:
    """Panel → its query, with every class and every pool chosen, as Grafana writes them."""
    dashboard = json.loads((repository / "grafana" / "costctl.json").read_text(encoding="utf-8"))
    chosen = {"$" + each["name"]: each.get("allValue", "") for each in dashboard["templating"]["list"]}
    found = {}
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            query = target["expr"]
            for variable, value in chosen.items():
                query = query.replace(variable, value)
            found[f"{panel['title']} {target['refId']}"] = query
    return found


def of(samples: Samples, name: str, label: str) -> dict[str, float]:
    """Value of a label → value of the sample."""
    return {dict(labels)[label]: value for (each, labels), value in samples.items() if each == name}


def test_a_query_that_chooses_finds_the_samples_of_the_file(
    prometheus: Prometheus, queries: dict[str, str], samples: Samples
) -> None:
    choosing = {title: found for title, query in queries.items() if (found := CHOOSES.fullmatch(query))}
    of_server = {"Not in the store yet A"}
    assert len(choosing) >= 9
    for title in choosing.keys() - of_server:
        name, selector = choosing[title][1], choosing[title][2] or ""
        wanted = [(label, re.compile(value)) for label, value in re.findall(r'(\w+)=~?"([^"]*)"', selector)]
        expected = {
            tuple(sorted((("__name__", name), *labels))): value
            for (each, labels), value in samples.items()
            if each == name and all(form.fullmatch(dict(labels).get(label, "")) for label, form in wanted)
        }
        assert expected, title
        assert prometheus.values(queries[title]) == pytest.approx(expected, rel=1e-12), title


def test_what_the_dashboard_calculates_is_what_the_samples_come_to(
    prometheus: Prometheus, queries: dict[str, str], samples: Samples
) -> None:
    requests, successes = (
        of(samples, f"costctl_{each}", "request_class") for each in ("requests", "successes")
    )
    stages: dict[str, float] = defaultdict(float)
    for (name, labels), value in samples.items():
        stages[dict(labels).get("stage", "")] += value if name == "costctl_stage_seconds_sum" else 0.0
    del stages[""]
    expected: dict[str, dict[Labels, float]] = {
        "Idle replicas A": {(): sum(of(samples, "costctl_idle_usd", "pool").values())},
        "Success A": {(("request_class", each),): successes[each] / requests[each] for each in requests},
        "Where the time goes A": {(("stage", each),): value for each, value in stages.items()},
        "Latency p95 A": {(("request_class", each),): p95_of(samples, each) for each in requests},
    }
    for title, values in expected.items():
        assert prometheus.values(queries[title]) == pytest.approx(values, rel=1e-9), title
    (age_s,) = prometheus.values(queries["Age of the window's end A"]).values()
    end_s = samples["costctl_window_end_timestamp_seconds", ()]
    assert age_s == pytest.approx(time.time() - end_s, abs=60)
    calculating = {title for title, query in queries.items() if not CHOOSES.fullmatch(query)}
    assert calculating == {
        *expected, "Age of the window's end A", "Received by costctl serve A", "Received by costctl serve B",
    }  # fmt: skip


def p95_of(samples: Samples, request_class: str) -> float:
    """As Prometheus takes a quantile of a histogram: within the bucket that holds it, by a straight line."""
    buckets = sorted(
        (float(dict(labels)["le"]), value)
        for (name, labels), value in samples.items()
        if name == "costctl_request_duration_seconds_bucket" and ("request_class", request_class) in labels
    )
    rank = 0.95 * buckets[-1][1]
    below = (0.0, 0.0)
    for bound, count in buckets:
        if count >= rank:
            return below[0] + (bound - below[0]) * (rank - below[1]) / (count - below[1])
        below = (bound, count)
    raise AssertionError("the last bucket has all")


def test_what_a_server_takes_in_has_a_rate(prometheus: Prometheus, queries: dict[str, str]) -> None:
    (spans,) = prometheus.values(queries["Received by costctl serve A"]).values()
    answers = prometheus.values(queries["Received by costctl serve B"])
    assert list(answers) == [(("status", "200"),)]
    assert spans == pytest.approx(SPANS_A_SCRAPE * answers[("status", "200"),], rel=0.05)
    assert spans > 0
    assert prometheus.values(queries["Not in the store yet A"]) == {
        (("__name__", "costctl_inbox_bytes"),): 0.0
    }


def test_variables_offer_every_class_and_pool(prometheus: Prometheus, samples: Samples) -> None:
    classes = prometheus.label_values("costctl_requests", "request_class")
    assert set(classes) == {*of(samples, "costctl_requests", "request_class")}
    pools = prometheus.label_values("costctl_replicas", "pool")
    assert set(pools) == {*of(samples, "costctl_replicas", "pool")}


def test_promtool_finds_nothing_wrong_with_the_file_of_the_textfile_collector(
    window_text: str, repository: Path
) -> None:
    """It reads the older text format, as the collector of a node exporter does."""
    promtool = program(repository, "promtool")
    if not promtool.exists():
        pytest.skip("Prometheus is not installed; run: make validators")
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=window_text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    wrong = window_text.replace("percentile=", "quantile=")  # which summaries alone may have
    refused = subprocess.run(
        [promtool, "check", "metrics"], input=wrong, capture_output=True, text=True, check=False
    )
    assert "costctl_queue_depth" in refused.stderr
    assert refused.returncode != 0
