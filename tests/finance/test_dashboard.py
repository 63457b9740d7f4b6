"""The Grafana dashboard asks for metrics that are there, by labels that they have, and its panels do not overlap."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

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

METRIC = re.compile(r"(costctl_\w+)(?:\{([^}]*)\})?")
LABEL = re.compile(r'(\w+)=~?"([^"]*)"')
GROUPED = re.compile(r"by \(([^)]*)\)")
OF_HISTOGRAMS = ("_bucket", "_sum", "_count")


@pytest.fixture(scope="module")
def dashboard(repository: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((repository / "grafana" / "costctl.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def labels_of(
    short_question: Question, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, set[str]]]:
    """By metric, the labels of its samples and their values: of a window, and of a server that has answered."""
    inbox = Inbox(tmp_path_factory.mktemp("inbox"), 1_000)
    receiver = Receiver(inbox, 1_000)
    receiver.answered["traces", 200] += 1
    window = open_metrics_text(verbs.open_metrics(short_question, unwatched).families).removesuffix("# EOF\n")
    text = window + "\n".join(own_metrics(inbox, State(), receiver)) + "\n"
    found: dict[str, dict[str, set[str]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = found.setdefault(sample.name, {})
            for name, value in sample.labels.items():
                labels.setdefault(name, set()).add(value)
    return found


def queries(dashboard: dict[str, Any]) -> list[str]:
    """All that it asks for, of panels and of variables."""
    return [
        *(target["expr"] for panel in dashboard["panels"] for target in panel["targets"]),
        *(each["definition"] for each in dashboard["templating"]["list"] if "definition" in each),
    ]


def test_every_query_is_about_metrics_and_labels_that_are_written(
    dashboard: dict[str, Any], labels_of: dict[str, dict[str, set[str]]]
) -> None:
    asked = [(query, *found) for query in queries(dashboard) for found in METRIC.findall(query)]
    assert len(asked) >= 20
    assert {name for _, name, _ in asked} <= {*labels_of}
    for query, name, matchers in asked:
        for label, value in LABEL.findall(matchers):
            known = labels_of[name][label]
            assert value.startswith("$") or any(re.fullmatch(value, each) for each in known), (query, label)
        for grouped in GROUPED.findall(query):
            assert {each.strip() for each in grouped.split(",")} <= {*labels_of[name]}, query


def test_every_metric_of_a_class_or_pool_is_shown(
    dashboard: dict[str, Any], labels_of: dict[str, dict[str, set[str]]]
) -> None:
    shown = {name for query in queries(dashboard) for name, _ in METRIC.findall(query)}
    families = {
        re.sub(f"({'|'.join(OF_HISTOGRAMS)})$", "", name) for name in labels_of if "receiver" not in name
    }
    not_shown = {each for each in families if not any(name.startswith(each) for name in shown)}
    assert not_shown == {
        "costctl_window_seconds",
        "costctl_input_tokens",
        "costctl_cached_input_tokens",
        "costctl_output_tokens",
        "costctl_loaded_usd",
    }


def test_panels_have_names_of_their_own_and_do_not_overlap(dashboard: dict[str, Any]) -> None:
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels)
    for one, other in combinations((panel["gridPos"] for panel in panels), 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
