"""Write sample_traces/bills: what OpenAI and Anthropic might have answered for the calls of gateway_spend.jsonl, with
planted gaps.

A nightly job uses a key of its own and goes past the gateway; six calls were a batch; the two streams without usage
had some; Anthropic grants 12 %. Amounts are reckoned here and not by costctl. The same bytes come out each time.
"""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

LOG = runpy.run_path(str(Path(__file__).with_name("write_gateway_log.py")))
rows, GPT_4O, SONNET = LOG["rows"], LOG["GPT_4O"], LOG["SONNET"]
FOLDER = Path(__file__).resolve().parents[1] / "sample_traces" / "bills"
DAY = 1_795_132_800  # 2026-11-20T00:00:00Z
KINDS = ("input", "cached", "output")
STREAMS = ({"input": 5137, "cached": 0, "output": 412}, {"input": 6137, "cached": 0, "output": 388})
NIGHTLY = {"input": 412_000, "cached": 96_000, "output": 18_600}  # 31 calls
GRANTED = 0.88  # of Anthropic's prices
Counts = dict[str, int]


def counts_of(call: dict[str, Any]) -> Counts:
    """Plain input, cached input, output of a call."""
    details = call["metadata"]["usage_object"]["prompt_tokens_details"]
    cached = details.get("cached_tokens", details.get("cached_prompt_tokens"))
    return {"input": call["prompt_tokens"] - cached, "cached": cached, "output": call["completion_tokens"]}


def added(counts: list[Counts]) -> Counts:
    """The sums by kind."""
    return {kind: sum(each[kind] for each in counts) for kind in KINDS}


def openai_usage(key: str, counts: Counts, calls: int, *, batch: bool = False) -> dict[str, Any]:
    """A result of the usage API."""
    return {
        "object": "organization.usage.completions.result",
        "input_tokens": counts["input"] + counts["cached"],
        "output_tokens": counts["output"],
        "input_cached_tokens": counts["cached"],
        "input_audio_tokens": 0,
        "output_audio_tokens": 0,
        "num_model_requests": calls,
        "project_id": None,
        "user_id": None,
        "api_key_id": key,
        "model": "gpt-4o-2024-08-06",
        "batch": batch,
    }


def openai_page(results: list[dict[str, Any]]) -> dict[str, Any]:
    """A page of one day."""
    bucket = {"object": "bucket", "start_time": DAY, "end_time": DAY + 86_400, "results": results}
    return {"object": "page", "data": [bucket], "has_more": False, "next_page": None}


def openai() -> tuple[dict[str, Any], dict[str, Any]]:
    """Usage and costs."""
    calls = [call for call in rows() if call["custom_llm_provider"] == "openai"]
    numbers = [int(call["request_id"].removeprefix("req-")) for call in calls]
    batch = [counts_of(call) for call, number in zip(calls, numbers, strict=True) if 32 <= number < 38]
    online = [counts_of(call) for call, number in zip(calls, numbers, strict=True) if not 32 <= number < 38]
    online = [each for each in online if each["input"]] + list(STREAMS)
    usage = [
        openai_usage("key_gateway", added(online), len(online)),
        openai_usage("key_gateway", added(batch), len(batch), batch=True),
        openai_usage("key_nightly", NIGHTLY, 31),
    ]
    whole, half = added([*online, NIGHTLY]), added(batch)
    costs = [
        {
            "object": "organization.costs.result",
            "amount": {
                "value": round((whole[kind] + half[kind] / 2) * GPT_4O[kind] / 1e6, 9),
                "currency": "usd",
            },
            "line_item": f"gpt-4o-2024-08-06, {'cached input' if kind == 'cached' else kind}",
            "project_id": None,
        }
        for kind in KINDS
    ]
    return openai_page(usage), openai_page(costs)


def anthropic() -> dict[str, Any]:
    """The cost report. Amounts are in cents."""
    counts = added([counts_of(call) for call in rows() if call["custom_llm_provider"] == "anthropic"])
    types = {"input": "uncached_input_tokens", "cached": "cache_read_input_tokens", "output": "output_tokens"}
    results = [
        {
            "amount": f"{counts[kind] * SONNET[kind] * GRANTED / 1e4:.6f}",
            "context_window": "0-200k",
            "cost_type": "tokens",
            "currency": "USD",
            "description": f"Claude Sonnet 4.5 Usage - {types[kind].replace('_', ' ')}",
            "model": "claude-sonnet-4-5-20250929",
            "service_tier": "standard",
            "token_type": types[kind],
            "workspace_id": None,
        }
        for kind in KINDS
    ]
    day = {"starting_at": "2026-11-20T00:00:00Z", "ending_at": "2026-11-21T00:00:00Z", "results": results}
    return {"data": [day], "has_more": False, "next_page": None}


def rendered() -> dict[str, str]:
    """The files by their names."""
    usage, costs = openai()
    pages = {"openai-usage.json": usage, "openai-costs.json": costs, "anthropic-costs.json": anthropic()}
    return {name: json.dumps(page, indent=1) + "\n" for name, page in pages.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in rendered().items():
        (FOLDER / file).write_text(text, encoding="utf-8")
