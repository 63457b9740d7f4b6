"""Prefix affinity: found where prompts are read again on other replicas, with the saving that the world has."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from costctl import verbs
from costctl.documents.recommendations import Recommendation
from costctl.observation import Question
from costctl.progress import silent
from tests.synth.prompt_worlds import agents, written

SEED = 1


def advice(question: Question) -> Recommendation:
    document = verbs.recommend(question, silent)
    return next(each for each in document.recommendations if each.kind == "prefix_affinity")


def without(question: Question, *fields: str) -> Question:
    """The same log without these fields."""
    path = Path(question.paths[0])
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    lines = [json.dumps({key: value for key, value in row.items() if key not in fields}) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return question


def test_prompts_that_are_read_again_elsewhere_are_found_with_what_that_costs(tmp_path: Path) -> None:
    world = agents(SEED)
    found = advice(written(world, tmp_path))
    assert found.status == "recommended"
    changes = {each.lever: each.to for each in found.change}
    assert changes["pool.dispatch"] == "prefix_affinity"
    ahead = changes["pool.dispatch.most_ahead"]
    remedied = world.served(dispatch="prefix_affinity", affinity_most_ahead=ahead)
    truth = (world.served().busy_s.sum() - remedied.busy_s.sum()) / 3600.0 * 4.0
    assert found.cash_usd is None  # the same replicas are paid for
    assert found.freed_usd is not None
    assert found.freed_usd.low <= truth <= found.freed_usd.high
    assert found.reuse is not None
    assert found.reuse.today is not None
    assert found.reuse.today.size == world.pool.setup.prefix_cache_tokens  # of one replica
    ttft = next(each for each in found.effects if each.metric == "ttft_p95")
    assert ttft.to < ttft.from_


def test_prompts_that_have_nothing_in_common_are_no_reason(tmp_path: Path) -> None:
    found = advice(written(agents(SEED, is_shared=False), tmp_path))
    assert (found.status, found.withheld_as) == ("withheld", "ruled_out")


def test_calls_that_go_to_where_their_prompt_is_already_are_left_alone(tmp_path: Path) -> None:
    question = written(agents(SEED), tmp_path, dispatch="prefix_affinity")
    found = advice(question)
    assert found.status == "withheld"


def test_one_replica_has_every_prompt(tmp_path: Path) -> None:
    found = advice(written(agents(SEED, replicas=1), tmp_path))
    assert found.withheld_as == "not_applicable"
    assert found.reuse is not None


def test_prompts_that_the_log_does_not_tell_are_named_with_what_to_export(tmp_path: Path) -> None:
    found = advice(without(written(agents(SEED), tmp_path), "prefix_keys", "prefix_tokens"))
    assert (found.status, found.withheld_as) == ("withheld", "needs_input")
    assert found.missing == ("gen_ai.input.messages",)
    assert "0 of its 1,903 calls" in found.reason


def test_what_is_not_declared_is_named_and_a_wrong_size_is_refused(tmp_path: Path) -> None:
    question = written(agents(SEED), tmp_path)
    assert question.config is not None
    text = question.config.read_text()
    line = next(each for each in text.splitlines() if each.startswith("prefix_cache_tokens"))
    question.config.write_text(text.replace(line, ""))
    assert advice(question).missing == ("pools.llm.prefix_cache_tokens",)
    question.config.write_text(text.replace(line, "prefix_cache_tokens = 1000"))
    refused = advice(replace(question))
    assert refused.withheld_as == "ruled_out"
    assert "set pools.llm.prefix_cache_tokens" in refused.reason
