"""Logs of a gateway, small enough to read: so many calls of a model, ten minutes apart.

``log_of`` writes a LiteLLM spend log whose calls cost what the price book says of so many tokens: USD 2 for a million
tokens of gpt-4.1's input, 8 for its output.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

START: Final = datetime(2026, 1, 5, 0, 5, tzinfo=UTC)  # a Monday
USD_PER_INPUT, USD_PER_OUTPUT = 2e-6, 8e-6
OUTPUT_TOKENS: Final = 50


def log_of(
    path: Path,
    calls: int,
    *,
    start: datetime = START,
    tokens: Callable[[int], int] = lambda number: 800 + number % 7 * 100,
    tenant: Callable[[int], str] = lambda number: ("acme", "birch")[number % 2],
    model: str = "gpt-4.1",
    gap: timedelta = timedelta(minutes=10),
) -> Path:
    """The log. tokens, tenant: of each call, by its number."""
    lines = []
    for number in range(calls):
        begin = start + number * gap
        asked = tokens(number)
        lines.append(
            {
                "request_id": f"{start:%m%d}-{number}",
                "call_type": "acompletion",
                "status": "success",
                "spend": asked * USD_PER_INPUT + OUTPUT_TOKENS * USD_PER_OUTPUT,
                "model": model,
                "model_group": model,
                "custom_llm_provider": "openai",
                "startTime": begin.isoformat(),
                "endTime": (begin + timedelta(seconds=2)).isoformat(),
                "prompt_tokens": asked,
                "completion_tokens": OUTPUT_TOKENS,
                "total_tokens": asked + OUTPUT_TOKENS,
                "end_user": tenant(number),
                "metadata": {"status": "success"},
            }
        )
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def usd_of(calls: int, tokens: Callable[[int], int] = lambda number: 800 + number % 7 * 100) -> float:
    """What so many of these calls cost."""
    return sum(tokens(number) * USD_PER_INPUT + OUTPUT_TOKENS * USD_PER_OUTPUT for number in range(calls))
