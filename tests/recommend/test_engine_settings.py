"""Settings of an engine: planted waste is found, with the saving that the same world has when it is run again with the
remedy; a world in good order is left alone, and what is not known is asked for.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from costctl.documents.recommendations import Recommendation
from costctl.recommend.evaluator import evaluated
from costctl.recommend.kinds import engine_settings
from tests.recommend.studied_world import study_of_question
from tests.synth.prompt_worlds import PromptWorld, agents, written

USD_PER_S = 4.0 / 3600.0
KEPT = 60_000  # tokens of prompts that a replica could keep


def world(*, is_chunked: bool = False, **setup: object) -> PromptWorld:
    """Agents on one replica that keeps no prompts."""
    made = agents(1, replicas=1, sessions=420)
    model = replace(made.pool.model, is_prefill_stalling=not is_chunked)
    rules = replace(made.pool.setup, prefix_cache_tokens=0, **setup)
    return replace(made, pool=replace(made.pool, model=model, setup=rules))


def advice(made: PromptWorld, folder: Path, declared: str, e2e_p95: str = "60s") -> Recommendation:
    """What is said of the world. declared: lines of its pool."""
    settings = f'{declared}\n[classes.agentic.slo]\ne2e_p95 = "{e2e_p95}"\n'
    study = study_of_question(written(made, folder, settings))
    (proposed,) = engine_settings.propose(study)
    return evaluated(study, proposed)


def saved_usd(made: PromptWorld, found: Recommendation) -> float:
    """What the world itself saves with the settings, by the plain loop that serves it."""
    changed = {each.lever.removeprefix("pool."): each.to for each in found.change}
    return float((made.served().busy_s.sum() - made.served(**changed).busy_s.sum()) * USD_PER_S)


CHUNKED = 'prefill = "chunked"\nmax_batched_tokens = '
OFF = f"enable_prefix_caching = false\nprefix_cache_tokens = {KEPT}\n"


@pytest.mark.parametrize(
    ("made", "declared", "levers"),
    [
        (world(max_num_seqs=2, kv_tokens=200_000), "kv_tokens = 200000", {"pool.max_num_seqs"}),
        (world(max_batched_tokens=128, is_chunked=True), f"{CHUNKED}128", {"pool.max_batched_tokens"}),
        (world(), OFF, {"pool.prefix_cache_tokens"}),
        (
            world(max_batched_tokens=128, is_chunked=True),
            f"{CHUNKED}128\n{OFF}",
            {"pool.max_batched_tokens", "pool.prefix_cache_tokens"},
        ),
    ],
    ids=["too few sequences", "too few tokens a step", "no prefix caching", "two at once"],
)
def test_a_planted_waste_is_found_with_what_it_costs(
    made: PromptWorld, declared: str, levers: set[str], tmp_path: Path
) -> None:
    found = advice(made, tmp_path, declared)
    assert found.status == "recommended"
    assert {each.lever for each in found.change} == levers
    assert found.cash_usd is None  # the same replicas are paid for
    assert found.freed_usd is not None
    assert found.freed_usd.low <= saved_usd(made, found) <= found.freed_usd.high
    assert found.freed_usd.low > 0
    assert found.reversal is not None
    assert "--max-num-seqs" in found.reversal


def test_a_world_in_good_order_is_left_alone(tmp_path: Path) -> None:
    found = advice(world(max_batched_tokens=8192, is_chunked=True), tmp_path, f"{CHUNKED}8192")
    assert (found.status, found.withheld_as) == ("withheld", "ruled_out")
    assert found.change == ()


def test_where_an_objective_is_missed_more_requests_in_time_come_before_money(tmp_path: Path) -> None:
    made = world(max_num_seqs=2, kv_tokens=200_000)
    found = advice(made, tmp_path, "kv_tokens = 200000", e2e_p95="30s")
    assert found.status == "recommended"
    (goodput,) = [each for each in found.effects if each.metric == "goodput"]
    assert goodput.to > goodput.from_


def test_more_sequences_are_not_advised_where_nobody_knows_whether_they_fit(tmp_path: Path) -> None:
    found = advice(world(max_num_seqs=2), tmp_path, "")
    assert found.change == ()
    assert "pools.llm.kv_tokens" in " ".join(each.statement for each in found.evidence)


def test_what_is_not_known_is_asked_for_with_the_line_to_add(tmp_path: Path) -> None:
    made = world(max_batched_tokens=8192)
    question = written(made, tmp_path, '[classes.agentic.slo]\ne2e_p95 = "60s"\n')
    assert question.config is not None
    text = question.config.read_text().replace("max_num_seqs = 64\n", "")
    question.config.write_text(text)
    study = study_of_question(question)
    (proposed,) = engine_settings.propose(study)
    found = evaluated(study, proposed)
    assert (found.status, found.withheld_as) == ("withheld", "needs_input")
    assert found.missing == (
        "pools.llm.max_num_seqs",
        "pools.llm.enable_prefix_caching",
        "pools.llm.prefix_cache_tokens",
    )


def test_without_an_objective_nothing_says_how_slow_is_too_slow(tmp_path: Path) -> None:
    study = study_of_question(written(world(), tmp_path))
    (proposed,) = engine_settings.propose(study)
    assert evaluated(study, proposed).missing == ("classes.agentic.slo.e2e_p95",)
