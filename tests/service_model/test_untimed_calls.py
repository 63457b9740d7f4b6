"""Calls of which only arrivals and tokens are known, in a pool whose step times something else tells: they take what
the engine would have let them take, and nobody says that a replay was held to them.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from costctl.arrays import Floats, Ints
from costctl.documents.recommendations import Recommendations
from costctl.documents.settings import ClassSettings, Pool, Settings, Slo
from costctl.documents.step_settings import StepSettings
from costctl.recommend.document import build_recommendations
from costctl.service_model.pool_fit import PoolFits, fit_pools
from costctl.service_model.untimed import DECLARED, NO_TIMES
from tests.oracles.logging_engine import EngineLaw, serve_step_by_step
from tests.recommend.calls_by_hand import NOWHERE, START_S
from tests.relations.span_rows import chat, engine_of, frames_of

LAW = EngineLaw(0.016, 0.0008, 1e-4, max_num_seqs=64, max_batched_tokens=2048)
STEPS = StepSettings(step="16ms", sequence="0.8ms", prompt_token="0.1ms")
CALLS, SECONDS = 400, 200.0
Served = tuple[Floats, Ints, Ints, Floats, Floats]


def served() -> Served:
    """Arrivals, tokens of prompts, decode steps, and when each call had its first token and its end, by the law."""
    rng = np.random.default_rng(1130)
    arrival_s = np.sort(rng.uniform(0.0, SECONDS, CALLS))
    arrival_s[0] = 0.0
    prompts, steps = rng.integers(20, 900, CALLS), rng.integers(1, 300, CALLS)
    _, first_s, end_s = serve_step_by_step(LAW, arrival_s, prompts, steps)
    return arrival_s, prompts, steps, first_s, end_s


def declared(replicas: int = 1, steps: StepSettings | None = STEPS, **slo: str) -> Settings:
    pool = Pool(
        usd_per_replica_hour=3.6,
        replicas=replicas,
        match={"operation": "*"},
        max_num_seqs=64,
        step_times=steps,
    )
    classes = {name: ClassSettings(slo=Slo(**slo)) for name in ("chat", "long_generation", "classification")}
    return Settings(pools={"llm": pool}, classes=classes)


def spans(*, is_timed: bool) -> list[dict[str, Any]]:
    return [
        chat(
            f"t{place}/call",
            START_S + at_s,
            START_S + end if is_timed else None,
            input_tokens=int(prompt),
            output_tokens=int(decoded) + 1,
            **({"ttft_s": first - at_s} if is_timed else {}),
        )
        for place, (at_s, prompt, decoded, first, end) in enumerate(zip(*served(), strict=True))
    ]


def fitted(settings: Settings, *, is_timed: bool = False, with_untimed: bool = True) -> PoolFits:
    frames = frames_of(engine_of(spans(is_timed=is_timed), settings), settings)
    return fit_pools(frames, settings, with_untimed=with_untimed)


def advised(settings: Settings) -> Recommendations:
    frames = frames_of(engine_of(spans(is_timed=False), settings), settings)
    fits = fit_pools(frames, settings, with_untimed=True)
    return build_recommendations(frames, settings, fits, None, NOWHERE, seed=0)


def test_calls_without_times_take_what_an_engine_of_that_law_lets_them_take() -> None:
    arrival_s, _, _, first_s, end_s = served()
    calls = fitted(declared()).calls
    assert not calls.is_timed.any()
    for replayed_s, true_s in ((calls.end_s, end_s), (calls.first_token_s, first_s)):
        for level in (0.5, 0.95):
            taken_s, truly_s = (np.quantile(each - arrival_s, level) for each in (replayed_s, true_s))
            assert taken_s == pytest.approx(truly_s, rel=0.03)


def test_they_are_replayed_only_where_that_is_asked_for_and_something_tells_the_steps() -> None:
    assert fitted(declared(), with_untimed=False).reasons == {"llm": NO_TIMES}
    assert fitted(declared(steps=None)).reasons == {"llm": NO_TIMES}
    (fit,) = fitted(declared()).fitted
    assert fit.origins == (DECLARED, DECLARED, DECLARED)


def test_what_is_declared_changes_nothing_where_calls_have_times() -> None:
    slower = StepSettings(step="80ms", prompt_token="1ms")
    with_steps, without = (fitted(declared(steps=steps), is_timed=True) for steps in (slower, None))
    assert [each.model for each in with_steps.pools] == [each.model for each in without.pools]
    np.testing.assert_array_equal(with_steps.calls.end_s, without.calls.end_s)
    assert with_steps.calls.is_timed.all()


def test_a_replay_of_them_is_held_to_nothing_and_says_so() -> None:
    document = advised(declared(replicas=3, e2e_p95="1h"))
    assert document.calibration is not None
    assert [fit.metrics for fit in (*document.calibration.pools, *document.calibration.classes)] == [()] * (
        1 + len(document.calibration.classes)
    )
    assert "no call's times were observed" in document.calibration.not_reproduced[0]


def test_the_fewest_replicas_of_them_is_found() -> None:
    document = advised(declared(replicas=4, e2e_p95="1h"))
    (advice,) = (each for each in document.made if each.kind == "capacity")
    assert [(change.from_, change.to) for change in advice.change] == [(4, 2)]  # one, and one in reserve
    assert document.missed == ()


def test_an_objective_that_they_miss_is_named() -> None:
    document = advised(declared(replicas=1, ttft_p95="1ms"))
    assert {each.metric for each in document.missed} == {"ttft_p95"}
    assert all(each.seconds is not None and each.seconds > each.target_s == 0.001 for each in document.missed)
    ratios = [(each.seconds or 0.0) / each.target_s for each in document.missed]
    assert ratios == sorted(ratios, reverse=True)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ({"step_times": {"step": "0ms", "prompt_token": "1ms"}}, "must be longer than 0"),
        ({"step_times": {"step": "1 moment", "prompt_token": "1ms"}}, "is not a duration"),
        ({"step_times": {"step": "9ms", "prompt_token": "1ms"}, "max_batch_size": 8}, "step_times"),
        ({"kv_tokens": 4096, "prefix_cache_tokens": 4096}, "kv_tokens and prefix_cache_tokens say one thing"),
    ],
)
def test_settings_that_say_nothing_or_two_things_are_refused(text: dict[str, object], why: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=why):
        msgspec.convert(text, Pool)


def test_what_a_pool_could_keep_stands_beside_its_memory_where_it_keeps_nothing() -> None:
    text = {"kv_tokens": 4096, "prefix_cache_tokens": 4096, "enable_prefix_caching": False}
    assert msgspec.convert(text, Pool).prefix_cache_tokens == 4096
