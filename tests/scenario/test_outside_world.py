"""A world that no code of the replay served, and that does not keep to its rules: prompts begin at once instead of at
the next step. What the replay says of half the replicas is held to what the same loop says of half the replicas.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from costctl import verbs
from costctl.documents.simulation import ClassResult, Simulation
from costctl.observation import Question
from costctl.render.markdown import as_markdown
from costctl.render.simulation import sections
from costctl.scenario.trust import is_trusted
from costctl.verbs import ScenarioRequest
from tests.conftest import unwatched
from tests.oracles.eager_engine import Answer, Engine, otlp_lines, prompts_of, serve_eagerly

ENGINE = Engine(alpha_s=0.040, beta_s=0.0008, gamma_s=0.0002)  # steps of 41 to 60 ms, prompts of 4 to 40 ms
REPLICAS, HALF = 4, 2
PROMPTS = prompts_of(seed=1, calls=3000, rate_per_s=6.0)
SETTINGS = """
[pools.gpu]
usd_per_replica_hour = 2.0
replicas = 4
match = { "service.name" = "llm" }
"""


@dataclass(frozen=True)
class Times:
    """Quantiles by nearest rank, s."""

    e2e_p50: float
    e2e_p95: float
    ttft_p50: float
    ttft_p95: float


def times_of(answers: list[Answer]) -> Times:
    pairs = list(zip(PROMPTS, answers, strict=True))
    e2e_s = sorted(answer.end_s - prompt.arrival_s for prompt, answer in pairs)
    ttft_s = sorted(answer.first_token_s - prompt.arrival_s for prompt, answer in pairs)
    places = (len(pairs) // 2 - 1, len(pairs) * 95 // 100 - 1)
    return Times(*(e2e_s[place] for place in places), *(ttft_s[place] for place in places))


@pytest.fixture(scope="module")
def halved(tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    """What simulate says of half the replicas, from the traces of all of them."""
    folder = tmp_path_factory.mktemp("outside")
    answers = serve_eagerly(ENGINE, REPLICAS, PROMPTS)
    (folder / "calls.jsonl").write_text("\n".join(otlp_lines(PROMPTS, answers, "llm", "small-8b")) + "\n")
    (folder / "costctl.toml").write_text(SETTINGS)
    question = Question(paths=(str(folder / "calls.jsonl"),), config=folder / "costctl.toml")
    return verbs.simulate(question, ScenarioRequest(assignments=(f"pool.gpu.replicas={HALF}",)), unwatched)


@pytest.fixture(scope="module")
def truth() -> Times:
    """The same calls, served by the same loop with half the replicas."""
    return times_of(serve_eagerly(ENGINE, HALF, PROMPTS))


def only_class(document: Simulation) -> ClassResult:
    (found,) = document.result.classes
    return found


def test_every_call_of_the_outside_world_is_served_in_order() -> None:
    for prompt, answer in zip(PROMPTS, serve_eagerly(ENGINE, HALF, PROMPTS), strict=True):
        reading_s = ENGINE.gamma_s * prompt.tokens
        decoding_s = (ENGINE.alpha_s + ENGINE.beta_s) * prompt.steps
        assert answer.first_token_s >= prompt.arrival_s + reading_s - 1e-9
        assert answer.end_s >= answer.first_token_s + decoding_s - 1e-9


def test_one_call_alone_has_its_first_token_after_its_prompt() -> None:
    alone, *_ = serve_eagerly(ENGINE, 1, PROMPTS[:1])
    reading_s = ENGINE.gamma_s * PROMPTS[0].tokens
    assert alone.first_token_s - PROMPTS[0].arrival_s == pytest.approx(reading_s)
    assert alone.end_s - alone.first_token_s == pytest.approx(0.0408 * PROMPTS[0].steps)


def test_end_to_end_latency_of_half_the_replicas_is_what_it_would_have_been(
    halved: Simulation, truth: Times
) -> None:
    result = only_class(halved)
    assert result.e2e_s is not None
    assert result.e2e_s.p50 == pytest.approx(truth.e2e_p50, rel=0.01)
    assert result.e2e_s.p95 == pytest.approx(truth.e2e_p95, rel=0.01)


def test_it_says_that_end_to_end_latency_holds_and_time_to_first_token_does_not(halved: Simulation) -> None:
    name = only_class(halved).request_class
    assert is_trusted(halved.calibration, "call_latency_p50", request_class=name, pool="gpu") is True
    assert is_trusted(halved.calibration, "call_latency_p95", request_class=name, pool="gpu") is True
    assert is_trusted(halved.calibration, "busy", pool="gpu") is True
    assert is_trusted(halved.calibration, "call_ttft_p50", request_class=name) is False
    assert is_trusted(halved.calibration, "call_ttft_p95", request_class=name) is False
    assert halved.calibration.untrusted_metrics == ("call_ttft_p50", "call_ttft_p95")
    verdicts = {each.metric: each.is_trusted for each in halved.differences if each.request_class == name}
    assert verdicts == {
        "e2e_p50": True,
        "e2e_p95": True,
        "e2e_p99": True,
        "ttft_p50": False,
        "ttft_p95": False,
        "goodput": True,
    }


def test_the_warning_is_right_for_the_first_token_is_indeed_another(halved: Simulation, truth: Times) -> None:
    result = only_class(halved)
    assert result.ttft_s is not None
    assert result.ttft_s.p95 - truth.ttft_p95 > 0.005
    assert result.ttft_s.p95 > 1.1 * truth.ttft_p95


def test_the_text_says_so(halved: Simulation) -> None:
    text = as_markdown(sections(halved))
    assert "Act on end-to-end latency and busy time of all classes and pools" in text
    assert "DO NOT ACT on time to first token of pool gpu (call TTFT p50 +" in text
    assert "| TTFT p95 * |" in text
    assert "| e2e p95 |" in text
