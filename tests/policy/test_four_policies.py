"""Four policies, of two platforms, a team that buys tokens and real traces: every consumer takes every file of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from costctl import verbs
from costctl.documents.policy import Policy
from costctl.observation import Question
from costctl.policy.targets.registry import TARGETS
from costctl.policy.targets.target import Target
from costctl.synth.presets import world_from_seed
from tests.conftest import unwatched
from tests.policy.consumers import CONSUMERS
from tests.synth.written_shop import small_shop_in
from tests.synth.written_worlds import written
from tests.written_once import written_once

REAL = "instrumented/otel_v2_2.4b0_optin/otlp_file_exporter.jsonl"
# What is done to a file so that its consumer refuses it: a key that it does not know, where it looks for such.
OTHERWISE = {
    "bifrost": ("{", '{"unknown_key": 1,'),
    "client": ("requests:", "request:"),
    "litellm": ("model_list:", "models:"),
}


@pytest.fixture(scope="session")
def made_policies(
    made_once: Path, sample_policy: Policy, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Policy]:
    """Of two platforms and of a team that buys tokens."""

    def platform(path: Path) -> None:
        question = written(replace(world_from_seed(11), requests=1500.0), tmp_path_factory.mktemp("platform"))
        path.write_bytes(msgspec.json.encode(verbs.policy_for(question, unwatched)))

    def team(path: Path) -> None:
        *_, question = small_shop_in(tmp_path_factory.mktemp("team"))
        path.write_bytes(msgspec.json.encode(verbs.policy_for(question, unwatched)))

    files = {
        "platform": written_once(made_once / "platform.policy.json", platform),
        "team": written_once(made_once / "team.policy.json", team),
    }
    read = {name: msgspec.json.decode(file.read_bytes(), type=Policy) for name, file in files.items()}
    return {"sample": sample_policy, **read}


def files_of(target: Target, policies: Mapping[str, Policy]) -> dict[str, str]:
    """The files of the target, by policy and backend."""
    texts = {}
    for name, policy in policies.items():
        backends = [each.id for each in policy.backends if target.suits(each)]
        for backend in backends if target.takes_backend else (None,):
            emission = target.emit(policy, backend)
            texts[f"{name} {backend or 'all'}"] = emission.files[emission.main]
    return texts


def spoiled(target: Target, text: str) -> str:
    """The file with a key that its consumer does not know."""
    before, after = OTHERWISE.get(target.name, (text, f"{text}\nunknown_key: 1\n"))
    assert before in text
    return text.replace(before, after, 1)


def test_every_target_has_a_consumer_that_is_asked() -> None:
    assert set(CONSUMERS) == {target.name for target in TARGETS}


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_the_consumer_takes_every_file_and_no_other_text(
    target: Target, made_policies: Mapping[str, Policy], repository: Path
) -> None:
    texts = files_of(target, made_policies)
    worse = spoiled(target, max(texts.values(), key=len))
    answers = CONSUMERS[target.name](repository, {**texts, "spoiled": worse})
    assert answers.pop("spoiled")
    assert answers == dict.fromkeys(texts, "")


@pytest.fixture(scope="session")
def real_policy(real_traces: Path, tmp_path_factory: pytest.TempPathFactory) -> Policy:
    """Of traces that nobody here made."""
    config = tmp_path_factory.mktemp("real") / "costctl.toml"
    config.write_text("")
    return verbs.policy_for(Question(paths=(str(real_traces / REAL),), config=config), unwatched)


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_the_consumer_takes_every_file_of_real_traces(
    target: Target, real_policy: Policy, repository: Path
) -> None:
    texts = files_of(target, {"real": real_policy})
    assert bool(texts) != target.takes_backend, "these traces are of providers, not of pools"
    assert CONSUMERS[target.name](repository, texts) == dict.fromkeys(texts, "")
