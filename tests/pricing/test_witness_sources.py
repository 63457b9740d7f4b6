"""Records of tools that name what a call cost: what they say is ours where prices agree, and the cause where it is not.

LiteLLM's spend logs (docs.litellm.ai/docs/proxy/cost_tracking; its schema.prisma, LiteLLM_SpendLogs) and Claude Code's
events (code.claude.com/docs/en/monitoring-usage, claude_code.api_request) are ingested as they are written; what
OpenRouter (openrouter.ai/docs/use-cases/usage-accounting) and Helicone (docs.helicone.ai/guides/data-export)
name is laid on the spans of their calls.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from costctl import verbs
from costctl.documents.witness import Witness
from costctl.observation import Question
from tests.conftest import unwatched
from tests.pricing.planted_witness import NOVEMBER_S, OPENAI, PLANTS, Usage, drawn, standard
from tests.pricing.test_witness_law import compared

AGREEING = 20


def ingested(folder: Path, text: str) -> Witness:
    path = folder / "records.jsonl"
    path.write_text(text, encoding="utf-8")
    (folder / "costctl.toml").write_text("", encoding="utf-8")
    found = verbs.analyze(Question(paths=(str(path),), config=folder / "costctl.toml"), unwatched)
    assert found.coverage.witness is not None
    return found.coverage.witness


def kinds(found: Witness) -> dict[str, int]:
    counted: dict[str, int] = {}
    for cause in (cause for group in found.groups for cause in group.causes):
        counted[cause.kind] = counted.get(cause.kind, 0) + cause.calls
    return counted


def spend_log(number: int, used: Usage, usd: float) -> dict[str, Any]:
    at = [datetime.fromtimestamp(NOVEMBER_S + 60 * number + s, UTC).isoformat() for s in (0, 5)]
    details = {
        "prompt_tokens": used.input,
        "completion_tokens": used.output,
        "total_tokens": used.input + used.output,
        "prompt_tokens_details": {"cached_tokens": used.cached},
        "completion_tokens_details": {"reasoning_tokens": used.reasoning},
    }
    return {
        "request_id": f"chatcmpl-{number}", "call_type": "acompletion", "spend": usd, "status": "success",
        "total_tokens": used.input + used.output, "prompt_tokens": used.input, "completion_tokens": used.output,
        "startTime": at[0], "endTime": at[1], "model": used.model, "custom_llm_provider": used.provider,
        "metadata": json.dumps({"usage_object": details}), "cache_hit": "False",
    }  # fmt: skip


def test_litellm_spend_logs_agree_and_each_cause_is_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    rows = []
    for number in range(AGREEING):
        used = drawn(rng, OPENAI[number % 2])
        rows.append(spend_log(number, used, float(standard(used))))
    for name in ("a batch", "cache reads as input", "reasoning beside the output", "searches"):
        used = drawn(rng, "gpt-4o")
        rows.append(spend_log(len(rows), used, float(PLANTS[name].recorded(used, rng))))
    found = ingested(tmp_path, "".join(json.dumps(row) + "\n" for row in rows))
    assert (found.named_calls, found.agreeing_calls, found.unknown_calls) == (AGREEING + 4, AGREEING, 0)
    assert {group.source for group in found.groups} == {"litellm_spend"}
    assert kinds(found) == {"service_tier": 1, "cache_reads": 1, "reasoning": 1, "web_searches": 1}


def claude_code(events: list[tuple[Usage, float]]) -> str:
    """An export of logs as a collector writes it: an event for each call, whose input leaves the cache out."""
    records = []
    for number, (used, usd) in enumerate(events):
        said = {
            "event.name": "api_request", "session.id": "s-1", "model": used.model, "cost_usd": usd,
            "duration_ms": 4_000, "input_tokens": used.input - used.cached - used.write,
            "output_tokens": used.output, "cache_read_tokens": used.cached, "cache_creation_tokens": used.write,
        }  # fmt: skip
        records.append(
            {
                "timeUnixNano": str((NOVEMBER_S + 60 * number) * 10**9),
                "body": {"stringValue": "claude_code.api_request"},
                "attributes": [{"key": key, "value": _value(value)} for key, value in said.items()],
            }
        )
    scope = {"name": "com.anthropic.claude_code.events"}
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "claude-code"}}]}
    logs = [{"resource": resource, "scopeLogs": [{"scope": scope, "logRecords": records}]}]
    return json.dumps({"resourceLogs": logs}) + "\n"


def _value(value: object) -> dict[str, Any]:
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}


def test_claude_code_s_events_agree_and_each_cause_is_named(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    models = ("claude-sonnet-4-5", "claude-opus-4-5")
    used = [drawn(rng, models[number % 2]) for number in range(AGREEING + 3)]
    events = [(each, float(standard(each))) for each in used[:AGREEING]]
    for each, name in zip(used[AGREEING:], ("writes for an hour", "a region", "a batch"), strict=True):
        events.append((each, float(PLANTS[name].recorded(each, rng))))
    found = ingested(tmp_path, claude_code(events))
    assert (found.named_calls, found.agreeing_calls) == (AGREEING + 3, AGREEING)
    assert kinds(found) == {"cache_writes": 1, "residency": 1, "service_tier": 1}


@pytest.mark.parametrize(
    ("source", "digits", "names"),
    [
        ("openrouter", 9, ("cache reads left out", "the input alone", "a batch")),
        ("helicone", 6, ("cache reads as input", "nothing", "thousandths")),
    ],
)
def test_amounts_as_gateways_round_them_agree_and_each_cause_is_named(
    source: str, digits: int, names: tuple[str, ...]
) -> None:
    rng = np.random.default_rng(3)
    spans = []
    for number in range(AGREEING):
        used = drawn(rng, OPENAI[number % 2])
        spans.append(used.span(number, round(float(standard(used)), digits), dialect=source))
    for name in names:
        used = drawn(rng, "gpt-4o")
        recorded = round(float(PLANTS[name].recorded(used, rng)), digits)
        spans.append(used.span(len(spans), recorded, dialect=source))
    found = compared(spans)
    assert (found.agreeing_calls, found.named_calls) == (AGREEING, AGREEING + 3)
    expected: dict[str, int] = {}
    for name in names:
        expected[PLANTS[name].kind] = expected.get(PLANTS[name].kind, 0) + 1
    assert kinds(found) == expected
