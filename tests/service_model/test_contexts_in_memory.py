"""What a call holds in KV memory is its whole prompt, with what a cache gave, and its answer; what no replica can hold
is said, by class.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from costctl.documents.settings import Pool, Settings
from costctl.documents.step_settings import StepSettings
from costctl.service_model.beyond_memory import beyond_memory_today, contexts_at_end
from costctl.service_model.pool_fit import PoolFits, fit_pools
from costctl.simulate.network import replay_network
from costctl.simulate.workload import Outcome
from tests.relations.span_rows import chat, engine_of, frames_of

CALLS = 24
STEPS = StepSettings(step="20ms", sequence="1ms", prompt_token="0.1ms")


def fits(kv_tokens: int | None, cached: int | None = 800) -> PoolFits:
    """Calls of 1,000 tokens, one a tenth of a second, of which a cache gave so many, and 100 come out."""
    told: dict[str, Any] = {} if cached is None else {"cached_input_tokens": cached}
    spans = [
        chat(
            f"t{number}/call",
            1_796_025_600.0 + number / 10,
            None,
            input_tokens=1000,
            output_tokens=100,
            **told,
        )
        for number in range(CALLS)
    ]
    pool = Pool(
        usd_per_replica_hour=1.0, match={"operation": "*"}, kv_tokens=kv_tokens, step_times=STEPS, replicas=1
    )
    settings = Settings(pools={"llm": pool})
    return fit_pools(frames_of(engine_of(spans, settings), settings), settings, with_untimed=True)


def replayed(found: PoolFits) -> Outcome:
    return replay_network(found.workload, found.pool, found.pools)


def test_the_context_counts_what_a_cache_gave_and_only_the_rest_is_read() -> None:
    with_cache, without = fits(None).workload, fits(None, cached=None).workload
    assert set(with_cache.uncached_tokens.tolist()) == {200}
    assert set(contexts_at_end(with_cache).tolist()) == set(contexts_at_end(without).tolist()) == {1100}
    assert without.cached_tokens is None


def test_without_a_limit_what_a_cache_gave_changes_nothing() -> None:
    found = fits(None)
    without = replay_network(replace(found.workload, cached_tokens=None), found.pool, found.pools)
    np.testing.assert_array_equal(replayed(found).end_s, without.end_s)


def test_a_small_memory_holds_as_many_contexts_as_fit_with_what_a_cache_gave() -> None:
    # 4,416 tokens are 276 blocks: 1,100 tokens take 69, so that four calls run at once, and never a fifth.
    outcome = replayed(fits(4416))
    begins = outcome.begin_s
    running = [int(((begins <= at_s) & (outcome.end_s > at_s)).sum()) for at_s in begins]
    assert max(running) == 4
    of_what_was_read = replay_network(
        replace(fits(4416).workload, cached_tokens=None), fits(4416).pool, fits(4416).pools
    )
    assert of_what_was_read.end_s.max() < outcome.end_s.max()


@pytest.mark.parametrize(("kv_tokens", "refused"), [(None, 0), (1104, 0), (1088, CALLS)])
def test_what_no_replica_can_hold_is_said_and_is_what_a_replay_refuses(
    kv_tokens: int | None, refused: int
) -> None:
    found = fits(kv_tokens)
    assert int(np.isnan(replayed(found).end_s).sum()) == refused
    said = beyond_memory_today(found)
    assert len(said) == bool(refused)
    assert [each.startswith(f"{refused} of {CALLS} calls of ") for each in said] == [True] * len(said)
    assert all("pools.llm.kv_tokens is too small" in each and "1,100 tokens" in each for each in said)
