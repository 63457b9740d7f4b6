"""What engines tell of themselves, and what they leave out, by what their scrapes hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from costctl.documents.diagnosis import EngineTelemetry
from costctl.observation import Question
from costctl.render.diagnosis_screen import engine_lines
from costctl.verbs.doctor import doctor

ALWAYS = ("num_requests_running", "num_requests_waiting")
COUNTED = ("generation_tokens_total", "prompt_tokens_total")
OTHERS = ("num_preemptions_total", "prefix_cache_hits_total", "kv_cache_usage_perc")
LOG = "TIMESTAMP,ContextTokens,GeneratedTokens\n2026-11-02 10:00:00.0000000,100,20\n"


def scrapes(names: tuple[str, ...], instance: str) -> str:
    return "".join(
        f"# {1_793_613_600 + 5 * place}\n"
        + "".join(f'vllm:{name}{{model_name="m",instance="{instance}"}} {place}\n' for name in names)
        for place in range(4)
    )


def told(folder: Path, *names: str, engines: int = 1) -> tuple[tuple[EngineTelemetry, ...], list[str]]:
    (folder / "log.csv").write_text(LOG, encoding="utf-8")
    for number in range(engines):
        (folder / f"{number}.prom").write_text(scrapes(names, f"gpu-{number}"), encoding="utf-8")
    document = doctor(Question(paths=(str(folder),)), lambda *_: None)
    return document.engines, engine_lines(document)


def test_what_no_scrape_holds_is_named_with_what_it_is_for(tmp_path: Path) -> None:
    (engine,), (line,) = told(tmp_path, *ALWAYS, *COUNTED)
    assert (engine.engine, engine.model, engine.engines, engine.samples) == ("vllm", "m", 1, 4)
    assert engine.median_interval_s == pytest.approx(5.0)
    assert {fact.about: fact.for_what for fact in engine.untold} == {
        "use or size of its KV cache": "kv_tokens",
        "max_num_seqs": "the limit of its batch",
        "preemptions": "whether its KV memory runs out",
        "prefix cache hits": "what a prefix cache saves",
    }
    assert line.startswith(
        "vllm m: 1 replica, 4 samples, every 5.00 s; not told: use or size of its KV cache, "
    )


def test_each_fact_that_is_told_is_missed_no_more(tmp_path: Path) -> None:
    few, _ = told(tmp_path, *ALWAYS, *COUNTED)
    more, _ = told(tmp_path, *ALWAYS, *COUNTED, *OTHERS, engines=2)
    assert [each.engines for each in (*few, *more)] == [1, 2]
    assert {fact.about for fact in more[0].untold} == {"max_num_seqs"}


def test_without_engines_nothing_is_said_of_them(tmp_path: Path) -> None:
    assert told(tmp_path, engines=0) == ((), [])
