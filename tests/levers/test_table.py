"""Settings of a scenario are read from text, in the unit of the rules, or refused with the nearest known name."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costctl.errors import UsageError
from costctl.levers.lever import Lever
from costctl.levers.platform import ClassRules, PoolRules
from costctl.levers.reading import setting_of
from costctl.levers.settings import key_of
from costctl.levers.table import LEVERS

NAMES = {"class": ["chat", "rag", "chat.long"], "pool": ["gpu", "gpu.eu", "llama-3.1"]}


def value(text: str) -> object:
    return setting_of(text, NAMES).value


def test_durations_become_seconds() -> None:
    assert value("pool.gpu.batch.window=10ms") == 0.01
    assert value("class.chat.queue.max_wait=2s") == 2.0
    assert value("class.chat.queue.max_wait=1.5min") == 90.0


def test_counts_numbers_and_shares() -> None:
    assert value("pool.gpu.replicas=3") == 3
    assert value("class.chat.queue.limit=0") == 0
    assert value("class.chat.min_share=10%") == 0.1
    assert value("class.chat.weight=2.5") == 2.5


def test_a_limit_may_be_taken_away() -> None:
    assert value("class.chat.queue.limit=unlimited") is None
    assert value("class.chat.queue.max_wait=unlimited") is None


def test_spaces_around_do_not_matter() -> None:
    assert value(" pool.gpu.replicas = 3 ") == 3


def test_a_name_may_hold_dots() -> None:
    found = setting_of("pool.llama-3.1.batch.size=8", NAMES)
    assert (found.subject, found.lever.name, found.value) == ("llama-3.1", "batch.size", 8)
    assert setting_of("class.chat.long.queue.limit=3", NAMES).subject == "chat.long"
    assert setting_of("pool.gpu.eu.replicas=2", NAMES).subject == "gpu.eu"


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("class.chat.queue.limt=20", "class.chat.queue.limit"),
        ("pool.gqu.replicas=2", "pool.gpu.replicas"),
        ("class.chat.retires=2", "class.chat.retries"),
    ],
)
def test_an_unknown_key_names_the_nearest(text: str, nearest: str) -> None:
    with pytest.raises(UsageError) as caught:
        setting_of(text, NAMES)
    assert nearest in caught.value.next_step


@pytest.mark.parametrize(
    "text",
    [
        "pool.gpu.replicas",
        "pool.gpu.replicas=",
        "pool.gpu.replicas=0",
        "pool.gpu.replicas=-1",
        "pool.gpu.replicas=1.5",
        "pool.gpu.replicas=unlimited",
        "pool.gpu.batch.window=10",
        "pool.gpu.dispatch=random",
        "class.chat.min_share=120%",
        "class.chat.weight=nan",
        "class.chat.pool=cpu",
        "class.chat.queue.on_refusal=drop",
        "=3",
        "",
    ],
)
def test_what_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        setting_of(text, NAMES)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    try:
        setting_of(text, NAMES)
    except UsageError as error:
        assert error.what
        assert error.next_step


@given(
    st.sampled_from([each for each in LEVERS if each.kind in {"count", "duration"}]),
    st.integers(0, 9),
    st.data(),
)
def test_what_is_written_is_what_is_read(setting: Lever, above: int, data: st.DataObject) -> None:
    subject = data.draw(st.sampled_from(NAMES[setting.owner]))
    is_count = setting.kind == "count"
    number = int(setting.least) + above if is_count else 1 + above
    unit, scale = (
        ("", 1) if is_count else data.draw(st.sampled_from([("ms", 1e-3), ("s", 1.0), ("min", 60.0)]))
    )
    found = setting_of(f"{key_of(setting, subject)}={number}{unit}", NAMES)
    assert (found.lever, found.subject) == (setting, subject)
    assert found.value == pytest.approx(number * scale, rel=1e-12)


def test_every_setting_is_a_field_of_the_rules() -> None:
    known = {
        "pool": {each.name for each in fields(PoolRules)},
        "class": {each.name for each in fields(ClassRules)},
    }
    for setting in LEVERS:
        is_of_its_pools = (setting.owner, setting.name) == ("class", "batch.window")
        assert is_of_its_pools or setting.field in known[setting.owner]


def test_the_reference_page_has_every_setting_and_no_other(repository: Path) -> None:
    page = (repository / "docs" / "reference" / "simulate.md").read_text(encoding="utf-8")
    written = set(re.findall(r"^\| `((?:pool|class)\.NAME\.[a-z_.]+)`", page, re.MULTILINE))
    assert written == {key_of(setting, "NAME") for setting in LEVERS}
