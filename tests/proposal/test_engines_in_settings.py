"""What engines tell of their limits, and calls of which nothing says who served them, in the proposed settings."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import pytest

from costctl.config import parsed_config
from costctl.observation import Question
from costctl.proposal.blocks import blocks
from costctl.proposal.found import EngineLimits, Found, FoundPool, UnnamedCalls
from costctl.verbs.init import init

LOG = "TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join(
    f"2026-11-02 10:{minute:02d}:00.0000000,100,20\n" for minute in range(30)
)
SCRAPES = "".join(
    f"# {1_793_613_600 + second}\n"
    'vllm:num_requests_running{model_name="org/Small-8B"} 1\n'
    f'vllm:generation_tokens_total{{model_name="org/Small-8B"}} {second * 10}\n'
    f'vllm:prompt_tokens_total{{model_name="org/Small-8B"}} {second * 100}\n'
    'vllm:cache_config_info{block_size="16",num_gpu_blocks="2588"} 1.0\n'
    for second in range(5)
)
NOTHING = Found(0, None, None, (), (), (), (), ())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def proposed(folder: Path, files: dict[str, str]) -> list[str]:
    """The lines of the settings that these files lead to."""
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    paths = tuple(str(folder / name) for name in files)
    return init(Question(paths=paths), lambda *_: None).text.splitlines()


def starting(lines: Sequence[str], key: str) -> list[str]:
    return [line for line in lines if line.startswith(f"# {key} = ")]


def test_a_log_of_arrivals_gets_a_pool_to_fill_in_with_its_steps(here: Path) -> None:
    lines = proposed(here, {"log.csv": LOG})
    assert "# [pools.llm]" in lines
    assert '# match = { operation = "*" }' in lines
    assert len(starting(lines, "step_times")) == 1
    assert starting(lines, "slo")  # of each class, though none was observed


def test_what_its_engine_reports_is_proposed_in_place_of_steps(here: Path) -> None:
    lines = proposed(here, {"log.csv": LOG, "engine.prom": SCRAPES})
    assert starting(lines, "kv_tokens") == [f"# kv_tokens = {2588 * 16}  # as its engine reports"]
    assert starting(lines, "step_times") == starting(lines, "max_num_seqs") == []


def test_limits_of_a_pool_are_behind_a_comment_and_change_no_figure() -> None:
    plain = FoundPool("gpu", False, ("llama",), 2, "eu", 5, 0)
    told = dataclasses.replace(plain, limits=EngineLimits(41_408, 256, 2048))
    without, limited = (
        "\n".join(block.text for block in blocks(dataclasses.replace(NOTHING, pools=(pool,))))
        for pool in (plain, told)
    )
    for line in ("# kv_tokens = 41408", "# max_num_seqs = 256", "# max_batched_tokens = 2048"):
        assert line in limited
        assert line not in without
    settings = [parsed_config(Path("a"), each.encode()).settings for each in (without, limited)]
    assert settings[0] == settings[1]


def test_the_pool_of_unnamed_calls_loads_once_its_question_marks_are_answered() -> None:
    unnamed = UnnamedCalls("llm", 7, has_times=False, limits=EngineLimits(max_num_seqs=64))
    (block,) = blocks(dataclasses.replace(NOTHING, unnamed=unnamed))
    assert not block.is_active
    live = "\n".join(line.removeprefix("# ") for line in block.text.splitlines()[1:])
    live = live.replace('"?"', '"1ms"').replace("?", "2", 2)
    pool = parsed_config(Path("a"), live.encode()).settings.pools["llm"]
    assert (pool.replicas, pool.max_num_seqs) == (2, 64)
    assert pool.step_times is not None
