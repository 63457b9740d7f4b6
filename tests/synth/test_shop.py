"""A team that buys tokens: what holds for its traffic and its providers, and that costctl bills it exactly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from costctl import verbs
from costctl.progress import silent
from costctl.synth.shop.provider import usage_of
from costctl.synth.shop.spans import otlp_lines
from costctl.synth.shop.traffic import Call, Message, traffic_of
from costctl.synth.shop.truth import bill_usd, truth_of
from costctl.synth.shop.world import Shop
from tests.command_line import costctl
from tests.synth.written_shop import small_shop, small_shop_in


@pytest.fixture(scope="module")
def world() -> Shop:
    return small_shop()


def test_the_bill_is_the_truth_to_the_micro_dollar_class_by_class(tmp_path: Path) -> None:
    world, calls, question = small_shop_in(tmp_path)
    document = verbs.analyze(question, silent)
    found = {report.request_class: report.cost.attributed_usd for report in document.classes}
    truth = truth_of(world, calls, usage_of(world, calls))
    assert found == {app.name: pytest.approx(app.usd, abs=1e-6) for app in truth.apps}
    assert document.totals.billed_usd == pytest.approx(truth.usd, abs=1e-6)


def test_the_same_seed_writes_the_same_bytes_and_another_one_others(world: Shop) -> None:
    def text(shop: Shop) -> bytes:
        calls = traffic_of(shop)
        return b"".join(otlp_lines(shop, calls, usage_of(shop, calls)))

    assert text(world) == text(small_shop())
    assert text(world) != text(small_shop(seed=8))


@pytest.mark.parametrize(
    ("app", "choice"),
    [("support", {"caching": "5m"}), ("triage", {"model": "gpt-4.1-nano"}), ("digest", {"tier": "batch"})],
)
def test_what_an_operator_can_change_changes_the_bill_and_no_draw(
    world: Shop, app: str, choice: dict[str, object]
) -> None:
    calls, changed = traffic_of(world), world.changed(app, **choice)
    assert traffic_of(changed) == calls
    assert bill_usd(changed, calls) < bill_usd(world, calls)


def test_nothing_is_read_from_a_cache_that_was_not_written_or_seen_before(world: Shop) -> None:
    calls = traffic_of(world)
    cached_shop = world.changed("support", caching="5m").changed("agent", caching="1h")
    usages = [usage for usage in usage_of(cached_shop, calls) if usage is not None]
    assert all(0 <= usage.cached + usage.written <= usage.input for usage in usages)
    written = {
        app.name: sum(
            usage.written
            for call, usage in zip(calls, usage_of(cached_shop, calls), strict=True)
            if usage is not None and cached_shop.apps[call.app] is app
        )
        for app in cached_shop.apps
    }
    assert [name for name, tokens in written.items() if tokens] == ["support", "agent", "cached"]


def test_calls_that_share_a_question_say_the_same(world: Shop) -> None:
    questions = [call.messages[0] for call in traffic_of(world) if world.apps[call.app].name == "faq"]
    lengths: dict[str, set[int]] = {}
    for message in questions:
        lengths.setdefault(message.key, set()).add(message.tokens)
    assert len(lengths) < len(questions)
    assert all(len(each) == 1 for each in lengths.values())


def test_the_command_line_writes_a_shop_and_refuses_it_as_a_log(tmp_path: Path) -> None:
    refused = costctl(tmp_path, "synth", "out", "--world", "shop", "--as", "log")
    assert (refused.returncode, "cannot be written as a log" in refused.stderr) == (2, True)
    assert costctl(tmp_path, "synth", "out", "--world", "shop").returncode == 0
    truth = json.loads((tmp_path / "out" / "truth.json").read_text())
    assert truth["usd"] == pytest.approx(sum(app["usd"] for app in truth["apps"]))
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "requests.jsonl.gz",
        "costctl.toml",
        "truth.json",
    }


def test_what_is_written_can_be_read_once_the_answer_of_its_call_has_begun(world: Shop) -> None:
    """An answer of 100 tokens takes its last 1.1 s: of a call from 0 to 2 s it begins at 0.9 s."""
    number = next(at for at, app in enumerate(world.apps) if app.name == "support")
    kept = world.changed("support", caching="5m")
    said, answer = (Message("user", "asked", 100),), Message("assistant", "answered", 100)
    calls = [
        Call(number, session, session, start_s, start_s + 2.0, 0, 1, False, False, said, answer)
        for session, start_s in enumerate((0.0, 0.5, 0.95, 1.5))
    ]
    found = [(usage.cached, usage.written) for usage in usage_of(kept, calls) if usage is not None]
    whole = world.apps[number].system_tokens + 100
    assert found == [(0, whole), (0, whole), (whole, 0), (whole, 0)]
