"""Fallbacks of a class as text, and as entries of a policy say them."""

from __future__ import annotations

import msgspec
import pytest

from costctl.documents.policy import Backend, Fallback, Placement, Policy, Target
from costctl.documents.settings import ClassSettings
from costctl.levers.fallbacks import fallbacks_of
from costctl.levers.from_policy import from_policy
from costctl.levers.platform import ClassRules, Platform, PoolRules
from costctl.levers.settings import setting
from costctl.levers.to_policy import to_policy
from tests.levers.worlds import policy_of

ANY = ("error", "timeout", "overload")
ANY_MODEL = {"chat": ClassSettings(allowed_models=("model-a", "model-b", "model-c"))}
TODAY = Platform(
    {name: PoolRules("continuous", 1, 8, "least_outstanding") for name in ("a", "b", "c")}
    | {"embedder": PoolRules("static", 1, 8, "least_outstanding")},
    {"chat": ClassRules(("a",))},
)


def policy(*fallbacks: Fallback, **more: tuple[Fallback, ...]) -> Policy:
    """Of chat, which goes to the pool a, and in further entries to others; all may fall back to a provider."""
    whole = policy_of(TODAY)
    (entry,) = whole.classes
    entries = [
        msgspec.structs.replace(
            entry, id=pool, placement=Placement(targets=(Target(pool, 100),), fallback=found)
        )
        for pool, found in {"a": fallbacks, **more}.items()
    ]
    bought = Backend(id="bought", model="gpt-5", provider="openai")
    return msgspec.structs.replace(whole, backends=(*whole.backends, bought), classes=tuple(entries))


def read(document: Policy) -> tuple[dict[str, object], dict[str, str]]:
    settings, left_out = from_policy(document, TODAY)
    return {each.key: each.value for each in settings}, {each.pointer: each.reason for each in left_out}


def test_the_same_fallbacks_are_always_the_same_text() -> None:
    assert fallbacks_of(" b:timeout+error , c ").text == "b:error+timeout,c"
    assert fallbacks_of("b:error+timeout+overload+context_window").text == "b"
    assert fallbacks_of("none").parts == ()
    assert fallbacks_of("llama:70b").pools == ("llama:70b",)


@pytest.mark.parametrize(
    "text", ["", ",", "b,b", "b:error,b:timeout", ":error", *[",".join(map(str, range(21)))]]
)
def test_what_is_no_list_of_pools_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"fallback|twice"):
        fallbacks_of(text)


def test_the_order_and_the_causes_of_a_policy_are_replayed() -> None:
    settings, left_out = read(policy(Fallback("c", ("overload",)), Fallback("b", ANY)))
    assert settings == {"class.chat.fallback": "c:overload,b:error+timeout+overload"}
    assert left_out == {"/backends/4": "bought is not a pool that can be replayed"}


def test_on_what_calls_leave_for_a_provider_they_go_to_no_later_pool() -> None:
    settings, left_out = read(
        policy(Fallback("bought", ("error", "overload")), Fallback("b", ANY), Fallback("c", ("error",)))
    )
    assert settings == {"class.chat.fallback": "b:timeout"}
    assert set(left_out) == {
        "/backends/4",
        "/classes/0/placement/fallback/0",
        "/classes/0/placement/fallback/2",
    }


def test_what_no_replay_knows_of_a_fallback_is_named() -> None:
    settings, left_out = read(
        policy(
            Fallback("b", ("content_policy",)),
            Fallback("c", ("content_policy", "error")),
            Fallback("embedder", ANY),
        )
    )
    assert settings == {"class.chat.fallback": "c:error"}
    assert set(left_out) == {
        "/backends/4",
        "/classes/0/placement/fallback/0",
        "/classes/0/placement/fallback/1/on",
        "/classes/0/placement/fallback/2",
    }


def test_entries_on_two_pools_that_fall_back_to_each_other_are_one_list() -> None:
    both = policy(Fallback("b", ANY), b=(Fallback("a", ANY),))
    settings, left_out = read(both)
    said = ("b:error+timeout+overload", "a:error+timeout+overload")
    assert settings["class.chat.fallback"] == ",".join(said)
    assert set(left_out) == {"/backends/4", "/classes/0/placement/targets", "/classes/1/placement/targets"}


def test_entries_that_no_one_list_says_are_left_out() -> None:
    settings, left_out = read(policy(Fallback("c", ANY), b=(Fallback("c", ("error",)),)))
    assert "class.chat.fallback" not in settings
    assert {"/classes/0/placement/fallback", "/classes/1/placement/fallback"} <= set(left_out)


def test_what_is_written_goes_before_what_the_entry_buys_and_in_place_of_its_pools() -> None:
    today = policy(Fallback("c", ANY), Fallback("bought", ANY))
    written = to_policy(today, [setting("class", "fallback", "chat", "b:overload")], TODAY, ANY_MODEL)
    (entry,) = written.policy.classes
    assert entry.placement.fallback == (Fallback("b", ("overload",)), Fallback("bought", ANY))
    assert written.pointers == {"class.chat.fallback": ("/classes/0/placement/fallback",)}
    assert written.not_carried == ()


def test_a_pool_that_an_entry_goes_to_already_is_no_fallback_of_it() -> None:
    whole = policy()
    split = Placement(targets=(Target("a", 50), Target("b", 50)))
    (entry,) = whole.classes
    whole = msgspec.structs.replace(whole, classes=(msgspec.structs.replace(entry, placement=split),))
    written = to_policy(whole, [setting("class", "fallback", "chat", "b")], TODAY, ANY_MODEL)
    assert [each.setting.key for each in written.not_carried] == ["class.chat.fallback"]
    assert written.policy.classes == whole.classes
