"""OTLP of a known world, from the file to the analysis: what was owed is what is charged, and what was lost is said.

A gateway and an SDK both record every call. gpt-4o costs 2.50 USD per million tokens in and 10.00 out on this day,
claude-haiku-4-5 1.00 and 5.00.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from costctl import verbs
from costctl.documents.analysis import Analysis
from costctl.observation import Question
from tests.conftest import unwatched
from tests.ingest.otlp_exports import pair

START_NS = 1_795_478_400 * 10**9  # 2026-11-24T00:00:00Z
OPENAI = ("openai", "gpt-4o", 2.50, 10.00)
ANTHROPIC = ("anthropic", "claude-haiku-4-5", 1.00, 5.00)


class World:
    """Spans as two exporters write them, and what was owed for them."""

    def __init__(self) -> None:
        self.gateway: list[dict[str, Any]] = []
        self.sdk: list[dict[str, Any]] = []
        self.owed_usd = 0.0
        self.lost_usd = 0.0
        self._spans = 0

    def request(self, trace: int) -> str:
        """A request; the id of its entry."""
        return self._write(self.gateway, trace, None, (0, 60), {"session.id": "s1"}, None)

    def call(
        self, trace: int, entry: str, at_s: int, whose: tuple[str, str, float, float], **facts: Any
    ) -> None:
        """A call that both record. facts: input, output (None where not reported), error, is_owed."""
        provider, model, in_usd, out_usd = whose
        said = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
        }
        if facts.get("input") is not None:
            said |= {
                "gen_ai.usage.input_tokens": facts["input"],
                "gen_ai.usage.output_tokens": facts["output"],
            }
        error = facts.get("error")
        outer = self._write(self.gateway, trace, entry, (at_s, at_s + 2), said, error)
        self._write(self.sdk, trace, outer, (at_s, at_s + 1), said, error)
        if facts.get("is_owed", True):
            usd = (facts["input"] * in_usd + facts["output"] * out_usd) / 1e6
            self.owed_usd += usd
            self.lost_usd += usd if error else 0.0

    def _write(
        self,
        into: list[dict[str, Any]],
        trace: int,
        parent: str | None,
        between_s: tuple[int, int],
        said: dict[str, Any],
        error: str | None,
    ) -> str:
        self._spans += 1
        span_id = f"{self._spans:016x}"
        attributes = [pair(key, value) for key, value in said.items()]
        into.append(
            {
                "traceId": f"{trace:032x}",
                "spanId": span_id,
                **({"parentSpanId": parent} if parent else {}),
                "name": "chat" if parent else "POST /answer",
                "kind": 3 if parent else 2,
                "startTimeUnixNano": str(START_NS + between_s[0] * 10**9),
                "endTimeUnixNano": str(START_NS + between_s[1] * 10**9),
                "attributes": attributes + ([pair("error.type", error)] if error else []),
                "status": {"code": 2} if error else {},
            }
        )
        return span_id

    def analysed(self, folder: Path) -> Analysis:
        """The analysis of both exports."""
        return verbs.analyze(self.question(folder), unwatched)

    def question(self, folder: Path) -> Question:
        """Both exports as files, and the question about them."""
        for name in ("gateway", "sdk"):
            scopes = [{"scope": {"name": name}, "spans": getattr(self, name)}]
            resource = {"attributes": [pair("service.name", name)]}
            document = {"resourceSpans": [{"resource": resource, "scopeSpans": scopes}]}
            (folder / f"{name}.json").write_text(json.dumps(document))
        (folder / "costctl.toml").write_text("")
        paths = (str(folder / "gateway.json"), str(folder / "sdk.json"))
        return Question(paths=paths, config=folder / "costctl.toml")


def agrees(world: World, analysis: Analysis) -> None:
    tax = analysis.totals.retry_tax
    assert tax is not None
    assert analysis.totals.billed_usd == pytest.approx(world.owed_usd, rel=1e-12)
    assert (tax.usd or 0.0) == pytest.approx(world.lost_usd, rel=1e-12, abs=1e-15)
    parts = [each.usd or 0.0 for report in analysis.classes for each in report.cost.components]
    assert sum(parts) == pytest.approx(world.owed_usd, rel=1e-12), "also where some charge has no amount"


def test_calls_that_two_exporters_record_are_owed_for_once(tmp_path: Path) -> None:
    world = World()
    for trace in range(1, 6):
        world.call(trace, world.request(trace), 1, OPENAI, input=1_000 * trace, output=10 * trace)
    analysis = world.analysed(tmp_path)
    agrees(world, analysis)
    assert sum(each.calls for each in analysis.outcomes) == 5
    assert analysis.coverage.priced_token_ratio == 1.0


def test_a_fallback_chain_and_a_retry_storm_cost_what_was_owed(tmp_path: Path) -> None:
    world = World()
    entry = world.request(1)
    world.call(1, entry, 1, OPENAI, error="429", is_owed=False)
    world.call(1, entry, 4, OPENAI, input=8_000, output=100, error="timeout")
    world.call(1, entry, 8, ANTHROPIC, input=8_200, output=900)
    entry = world.request(2)
    for number in range(12):
        world.call(2, entry, 1 + 3 * number, OPENAI, input=3_000, output=50, error="timeout")
    world.call(2, entry, 40, OPENAI, input=3_000, output=400)
    analysis = world.analysed(tmp_path)
    agrees(world, analysis)
    assert analysis.totals.successes == 2
    assert analysis.totals.unit_costs.usd_per_completed_task == pytest.approx(world.owed_usd / 2)
    rules = {(each.provider, each.outcome): (each.billing_rule, each.calls) for each in analysis.outcomes}
    assert rules == {
        ("openai", "success"): ("billed", 1),
        ("anthropic", "success"): ("billed", 1),
        ("openai", "timeout"): ("billed", 13),
        ("openai", "rate_limited"): ("not_billed", 1),
    }


def test_an_attempt_whose_usage_was_lost_makes_the_tax_a_lower_bound(tmp_path: Path) -> None:
    world = World()
    entry = world.request(1)
    world.call(1, entry, 1, OPENAI, error="timeout", is_owed=False)
    world.call(1, entry, 4, OPENAI, input=1_000, output=100)
    analysis = world.analysed(tmp_path)
    agrees(world, analysis)
    tax = analysis.totals.retry_tax
    assert tax is not None
    assert (tax.attempts, tax.unpriced_attempts) == (1, 1)
    assert tax.usd is None, "what no attempt reports is not known to be nothing"
    assert tax.share_ratio is None
    assert any("tokens were not observed" in note for note in analysis.coverage.notes)


def test_a_policy_names_the_models_that_are_bought_and_not_the_kinds_of_their_tokens(tmp_path: Path) -> None:
    world = World()
    entry = world.request(1)
    world.call(1, entry, 1, OPENAI, input=1_000, output=100)
    world.call(1, entry, 4, ANTHROPIC, input=2_000, output=100)
    policy = verbs.policy_for(world.question(tmp_path), unwatched)
    assert [(each.provider, each.model) for each in policy.backends] == [
        ("anthropic", "claude-haiku-4-5"),
        ("openai", "gpt-4o"),
    ]
