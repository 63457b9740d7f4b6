"""``recommend`` names a file that carries what it recommends, as the coverage manifests say."""

from __future__ import annotations

import msgspec
import pytest

from costctl.documents.changes import SettingChange
from costctl.documents.policy import Admission, Fallback, Target
from costctl.levers.table import LEVERS
from costctl.policy.carried import carried
from costctl.policy.targets.registry import emission_of
from costctl.render.deployment import IN_LITELLM, IN_NO_FILE, emitting
from tests.policy.test_litellm_file import asking, own, with_parts

LITELLM, POLICY = "emit --target litellm -o litellm.yaml", "emit --target policy -o policy.json"


def changed(*levers: str) -> tuple[SettingChange, ...]:
    return tuple(
        SettingChange(
            lever=each,
            key=each,
            pool=None,
            request_class="a",
            from_=1,
            to=2,
            unit=None,
            scope="global",
            is_limit=False,
        )
        for each in levers
    )


def test_what_no_file_carries_is_what_has_no_place_in_a_policy() -> None:
    assert {each.id for each in LEVERS if each.pointer is None} == IN_NO_FILE


def test_what_is_sent_to_litellm_is_carried_by_its_file() -> None:
    pools = (own("gpu", "llama"), own("spare", "llama"))
    policy = with_parts(
        pools,
        asking(
            "chat",
            "llama",
            Target("gpu", 3),
            Target("spare", 1),
            retries=2,
            backoff_us=1_000_000,
            timeout_us=2_500_000,
            admission=Admission(requests_per_minute=60),
        ),
        asking("rag", "llama", "gpu", fallback=(Fallback(backend="spare", on=("error",)),)),
    )
    entries = emission_of("litellm", policy, None).manifest.entries
    for pointer in {each.pointer for each in LEVERS if each.id in IN_LITELLM}:
        said = {
            msgspec.to_builtins(each)["status"]
            for each in entries
            if f"{pointer}/" in f"{each.pointer}/" and "/why/" not in each.pointer
        }
        assert said, pointer
        assert said <= {"exact", "approximated", "rounded"}, pointer


@pytest.mark.parametrize(
    ("levers", "command"),
    [
        (("class.pool",), LITELLM),
        (("class.pool", "class.prompt_cache"), LITELLM),
        (("class.prompt_cache", "class.model"), "emit --target client -o client.yaml"),
        (("class.pool", "pool.replicas"), POLICY),
        (("class.defer.hours", "class.defer.within"), POLICY),
        (("pool.schedule",), POLICY),
        (("pool.prefill", "pool.max_num_seqs"), POLICY),
        (("pool.prefill",), None),
    ],
)
def test_the_next_command_writes_a_file_that_carries_the_change(
    levers: tuple[str, ...], command: str | None
) -> None:
    assert emitting(changed(*levers)) == command


def test_changed_replicas_are_the_first_that_litellm_does_not_carry() -> None:
    pool = msgspec.structs.replace(own("gpu", "llama"), replicas=2, why={"/replicas": ("declared",)})
    policy = with_parts((pool,), asking("chat", "llama", "gpu"))
    said = carried(emission_of("litellm", policy, None).manifest, policy)
    assert (said.missing[0].subject, said.missing[0].values) == ("replicas and their schedule", 1)
    as_today = with_parts((msgspec.structs.replace(pool, why={}),), asking("chat", "llama", "gpu"))
    assert (
        "replicas"
        not in carried(emission_of("litellm", as_today, None).manifest, as_today).missing[0].subject
    )
