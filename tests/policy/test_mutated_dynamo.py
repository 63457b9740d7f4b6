"""A deployment of Dynamo that was spoiled is refused: by Dynamo's own code, by Kubernetes' schema of pods, or by what
is known of its operator's types.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from costctl.documents.policy import AtMost, Caps, Policy, Queue, RejectWhenBusy
from costctl.policy.targets.dynamo import emit_dynamo
from tests.policy.dynamo_reads import why_refused
from tests.policy.policies import kind_named, policy_of, pool_named

EACH_TWO = AtMost(value=2, scope="per_replica")
SPOILED = {
    "wrong type": ("quantum: 1\n", "quantum: many\n"),
    "unknown field of a class": ("request_queue_limit_per_worker", "request_queue_limit"),
    "unknown field of a component": ("replicas: 3", "replica: 3"),
    "unknown field of a container": ("volumeMounts:", "mounts:"),
    "dangling default": ("default_policy_family: slow", "default_policy_family: nobody"),
    "dangling bucket": ("cache_bucket: any", "cache_bucket: some"),
    "dangling selection": ("aggregated: by-load", "aggregated: by-nothing"),
    "dangling volume": ("name: gpu-router-policy\ndata", "name: another\ndata"),
    "dangling file": ("/etc/dynamo/router-policy.yaml", "/etc/dynamo/other.yaml"),
    "out of range": ("quantum: 1\n", "quantum: 0\n"),
    "negative limit": ("request_queue_limit_per_worker: 2", "request_queue_limit_per_worker: -2"),
    "negative replicas": ("replicas: 3", "replicas: -3"),
    "missing required": ("      quantum: 1\n", ""),
    "duplicated name": ("- name: fast", "- name: slow"),
    "duplicated component": ("- name: worker", "- name: frontend"),
    "unknown mode": ("\n          - kv\n", "\n          - prefix\n"),
    "unknown order": ("queue_policy: fcfs", "queue_policy: lifo"),
    "unknown cost": ("overlap_score_credit: 0.0", "overlap_credit: 0.0"),
    "unknown setting of the router": ("use_kv_events", "use_events"),
    "unknown argument of the engine": ("--max-num-seqs", "--max-seqs"),
    "engine out of range": ("- '4'", "- '0'"),
}


def whole_policy() -> Policy:
    """A policy of which everything is written that Dynamo can be told, but prefixes."""
    return policy_of(
        kind_named("fast", "gpu", queue=Queue(depth=RejectWhenBusy()), caps=Caps(output_tokens=99)),
        replace(
            kind_named("slow", "gpu", queue=Queue(depth=EACH_TWO), caps=Caps(output_tokens=99)), lane="third"
        ),
        backends=(pool_named("gpu", AtMost(value=4, scope="per_replica"), replicas=3),),
    )


def spoiled(name: str) -> str:
    before, after = SPOILED[name]
    text = emit_dynamo(whole_policy(), None).files["dynamo.yaml"]
    assert before in text
    return text.replace(before, after, 1)


@pytest.fixture(scope="module")
def answers(repository: Path) -> dict[str, str]:
    """What is said of the file as it is written, and of each that was spoiled."""
    texts = {"as written": emit_dynamo(whole_policy(), None).files["dynamo.yaml"]}
    return why_refused(repository, texts | {name: spoiled(name) for name in SPOILED})


def test_the_file_as_it_is_written_is_read(answers: dict[str, str]) -> None:
    assert answers["as written"] == ""


@pytest.mark.parametrize("name", SPOILED)
def test_a_deployment_that_was_spoiled_is_refused(name: str, answers: dict[str, str]) -> None:
    assert answers[name]
