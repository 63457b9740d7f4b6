"""Marginal cost is per request of the class, whether or not each of them reached a pool."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from costctl import verbs
from costctl.observation import Question
from costctl.synth.demand import demand_of
from costctl.synth.settings_file import settings_text
from costctl.synth.spans import otlp_lines
from tests.synth.small_worlds import plain_world, served_all

LABEL = {"key": "costctl.class", "value": {"stringValue": "labelled"}}


def quiet(_what: str, _ratio: float | None, _detail: str = "") -> None:
    """Progress that nobody watches."""


def test_requests_that_were_answered_without_a_call_halve_the_cost_of_their_class(tmp_path: Path) -> None:
    # Every request carries one label, and beside each stands one with the same label that made no call.
    world = plain_world(900.0)
    demand = demand_of(world)
    exports = [json.loads(line) for line in otlp_lines(world, demand, served_all(world, demand))]
    priced = settings_text(world) + "\n[classes.labelled]\ndelay_usd_per_s = 0.01\n"
    (tmp_path / "costctl.toml").write_text(priced, encoding="utf-8")
    entries = []
    for export in exports:
        for group in export["resourceSpans"]:
            for span in group["scopeSpans"][0]["spans"]:
                if "parentSpanId" not in span:
                    span["attributes"].append(LABEL)
                    entries.append({**span, "traceId": "f" * 8 + span["traceId"][8:]})
    (tmp_path / "called.jsonl").write_text("\n".join(map(json.dumps, exports)), encoding="utf-8")
    silent = {"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"spans": entries}]}]}
    (tmp_path / "silent.jsonl").write_text(json.dumps(silent), encoding="utf-8")

    found = []
    for names in (("called.jsonl",), ("called.jsonl", "silent.jsonl")):
        paths = tuple(str(tmp_path / name) for name in names)
        (report,) = verbs.analyze(Question(paths=paths, config=tmp_path / "costctl.toml"), quiet).classes
        assert report.cost.marginal_usd_per_request is not None
        direct = sum(each.usd or 0.0 for each in report.cost.components if each.component != "accelerator")
        replica = report.cost.marginal_usd_per_request.mid - direct / report.requests
        found.append((report.requests, replica))
        parts, whole = report.cost.marginal, report.cost.marginal_usd_per_request
        assert parts is not None
        assert parts.found_idle_usd_per_request is not None
        assert parts.found_busy_usd_per_request is not None
        assert parts.long_run_usd_per_request is not None
        # Idle and busy replicas apart are the whole, taken together.
        idle = parts.found_idle_ratio * parts.found_idle_usd_per_request.mid
        busy = (1 - parts.found_idle_ratio) * parts.found_busy_usd_per_request.mid
        assert idle + busy == pytest.approx(whole.mid)
        # A second of delay is declared to cost a cent; the requests of others wait for this one.
        assert parts.delay_s_per_request is not None
        assert report.cost.congestion_usd_per_request is not None
        assert report.cost.congestion_usd_per_request.mid == pytest.approx(
            0.01 * parts.delay_s_per_request.mid
        )
        # The closed form is a bound but for what others share less when this one is gone: here some thousandths.
        assert parts.least_usd_per_request <= whole.mid <= 1.02 * parts.most_usd_per_request
        assert parts.long_run_usd_per_request.mid > whole.mid
    (requests, usd), (with_silent, diluted) = found
    assert with_silent == 2 * requests
    assert diluted == pytest.approx(usd / 2, rel=0.01)
