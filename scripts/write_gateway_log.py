"""Write sample_traces/gateway_spend.jsonl: what a LiteLLM gateway might have logged, with planted faults.

Amounts are reckoned here from published prices in USD per million tokens, as on 2026-11-20, and not by costctl:
platform.claude.com/docs/en/about-claude/pricing, platform.openai.com/docs/pricing. The same bytes come out each time.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[1] / "sample_traces" / "gateway_spend.jsonl"
SONNET = {"input": 3.0, "cached": 0.3, "output": 15.0}
GPT_4O = {"input": 2.5, "cached": 1.25, "output": 10.0}


def row(
    number: int, model: str, prices: dict[str, float], tokens: dict[str, int], usd: float | None = None
) -> Any:
    """One call. tokens: input with what was cached, cached, output.  usd: what the gateway says; None for the price."""
    plain = tokens["input"] - tokens["cached"]
    spent = (
        plain * prices["input"] + tokens["cached"] * prices["cached"] + tokens["output"] * prices["output"]
    )
    at = f"2026-11-20 {8 + number // 60:02}:{number % 60:02}:00.000"
    usage: dict[str, Any] = {
        "prompt_tokens": tokens["input"],
        "completion_tokens": tokens["output"],
        "total_tokens": tokens["input"] + tokens["output"],
        "prompt_tokens_details": {"cached_tokens": tokens["cached"]},
    }
    return {
        "request_id": f"req-{number:03}",
        "call_type": "acompletion",
        "spend": round(spent / 1e6 if usd is None else usd, 9),
        "total_tokens": usage["total_tokens"],
        "prompt_tokens": usage["prompt_tokens"],
        "completion_tokens": usage["completion_tokens"],
        "startTime": at,
        "endTime": at.replace(":00.000", ":04.500"),
        "model": model,
        "model_group": model,
        "custom_llm_provider": "anthropic" if model.startswith("claude") else "openai",
        "metadata": {"status": "success", "usage_object": usage},
        "team_id": ("search", "support")[number % 2],
        "status": "success",
    }


def rows() -> list[Any]:
    """Forty-four calls: 24 that agree, 8 whose cache reads the gateway paid in full, 6 that it took for a batch, 4 of a
    newer version that renamed a key, 2 streams of which it saw no usage.
    """
    draw = random.Random(7)
    written = []
    for number in range(44):
        tokens = {"input": draw.randint(2, 9) * 1000 + 137, "cached": 0, "output": draw.randint(100, 900)}
        if number < 24:
            model, prices = (("gpt-4o", GPT_4O), ("claude-sonnet-4-5", SONNET))[number % 2]
            written.append(row(number, model, prices, tokens))
        elif number < 32:
            tokens |= {"cached": tokens["input"] - 137}
            usd = (tokens["input"] * SONNET["input"] + tokens["output"] * SONNET["output"]) / 1e6
            written.append(row(number, "claude-sonnet-4-5", SONNET, tokens, usd))
        elif number < 38:
            usd = (tokens["input"] * GPT_4O["input"] + tokens["output"] * GPT_4O["output"]) / 2e6
            written.append(row(number, "gpt-4o", GPT_4O, tokens, usd))
        elif number < 42:
            each = row(number, "gpt-4o", GPT_4O, tokens | {"cached": 2048})
            details = each["metadata"]["usage_object"]["prompt_tokens_details"]
            details["cached_prompt_tokens"] = details.pop("cached_tokens")
            written.append(each)
        else:
            written.append(row(number, "gpt-4o", GPT_4O, {"input": 0, "cached": 0, "output": 0}))
    return written


def rendered() -> str:
    """The file."""
    return "".join(json.dumps(each, separators=(",", ":")) + "\n" for each in rows())


if __name__ == "__main__":
    PAGE.write_text(rendered(), encoding="utf-8")
