"""The page on the replay's accuracy says what a fit to the real vLLM runs gives today."""

from __future__ import annotations

import dataclasses
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

ROUNDED = (
    0.02  # the search is stochastic in its last digits; other builds of numpy may end a little elsewhere
)
PENDING_AT_100 = ("100", "pending")  # 0.02 of 0.01 sequences: its ratio is noise


@pytest.fixture(scope="module")
def script(repository: Path) -> dict[str, Any]:
    return runpy.run_path(str(repository / "scripts" / "calibrate_vllm.py"))


@pytest.fixture(scope="module")
def result(script: dict[str, Any], real_traces: Path) -> Any:
    return script["measured"](real_traces / "logs" / "vllm_burstgpt_replay")


def errors_on_the_page(script: dict[str, Any]) -> dict[tuple[str, str], float]:
    """Speed and measure → error, as a ratio."""
    found = {}
    for line in script["PAGE"].read_text(encoding="utf-8").splitlines():
        named = re.match(r"\| (\d+), (?:fitted|predicted) \|", line)
        if named:
            for measure, cell in zip(script["MEASURES"], line.split("|")[2:-1], strict=True):
                (percent,) = re.findall(r"\(([+-][\d.]+)%\)", cell)
                found[named.group(1), measure] = float(percent) / 100.0
    return found


def test_the_errors_on_the_page_are_those_of_today(script: dict[str, Any], result: Any) -> None:
    page = errors_on_the_page(script)
    today = {
        (str(speed), measure): result.error_ratio(speed, measure)
        for speed in result.pairs
        for measure in script["MEASURES"]
    }
    assert page.keys() == today.keys()
    for key, error in today.items():
        if key != PENDING_AT_100:
            assert page[key] == pytest.approx(error, abs=ROUNDED), (key, "run: scripts/calibrate_vllm.py")


def test_the_limits_of_the_engine_are_read_from_its_log(result: Any) -> None:
    assert (result.engine.max_num_seqs, result.engine.max_batched_tokens) == (256, 512)


def test_the_predicted_runs_are_within_what_the_page_says_to_expect(
    script: dict[str, Any], result: Any
) -> None:
    for speed in script["PREDICTED"]:
        assert -0.16 < result.error_ratio(speed, "end-to-end p50") < 0.06
        assert -0.18 < result.error_ratio(speed, "end-to-end p95") < 0.0
        assert abs(result.error_ratio(speed, "running")) < 0.06


def test_a_prediction_uses_arrivals_and_lengths_alone(script: dict[str, Any], real_traces: Path) -> None:
    folder = real_traces / "logs" / "vllm_burstgpt_replay"
    fitted = [script["read"](folder, speed) for speed in script["FITTED"]]
    lengths = script["lengths_of"](fitted)
    run = script["read"](folder, 1000)
    told = script["observed"](run, lengths).workload
    blank = {name: getattr(run, name) * 0 for name in ("first_token_s", "end_s")}
    again = script["observed"](dataclasses.replace(run, log=None, **blank), lengths).workload
    for field in ("arrival_s", "uncached_tokens", "decode_steps"):
        assert (getattr(told, field) == getattr(again, field)).all()
