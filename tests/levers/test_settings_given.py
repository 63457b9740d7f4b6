"""Settings of a scenario are given from Python as what they are, in the unit of the lever, or as text."""

from __future__ import annotations

import numpy as np
import pytest

from costctl.documents.changes import Value
from costctl.errors import UsageError
from costctl.levers.lever import Lever
from costctl.levers.reading import setting_given, setting_of
from costctl.levers.settings import change_of, key_of
from costctl.levers.table import LEVERS

NAMES = {"class": ["chat", "rag", "chat.long"], "pool": ["gpu", "gpu.eu", "llama-3.1"]}


def value(key: str, given: object) -> Value:
    return setting_given(key, given, NAMES).value


def sound(lever: Lever) -> tuple[str, Value]:
    """A value of the lever as text and as what it is."""
    return {
        "count": ("300", 300) if lever.least > 3 else ("3", 3),
        "duration": ("250ms", 0.25),
        "number": ("2.5", 2.5),
        "ratio": ("10%", 0.1),
        "choice": (lever.choices[-1] if lever.choices else "", lever.choices[-1] if lever.choices else None),
        "class": ("rag", "rag"),
        "pool": ("llama-3.1", "llama-3.1"),
        "pools": ("gpu, gpu.eu", ("gpu", "gpu.eu")),
        "storages": ("documents-eu, nvme", ("documents-eu", "nvme")),
        "hours": ("22:00-06:00", "22:00-06:00"),
        "sizes": ("16, 8", "8,16"),
        "schedule": ("00:00=2,07:00=4", "00:00=2,07:00=4"),
        "weights": ("gpu=7,gpu.eu=3", "gpu=7,gpu.eu=3"),
        "fallbacks": ("gpu.eu:timeout + error, gpu", "gpu.eu:error+timeout,gpu"),
    }[lever.kind]


@pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever.id)
def test_what_is_given_is_what_is_written(lever: Lever) -> None:
    key, (text, typed) = key_of(lever, NAMES[lever.owner][-1]), sound(lever)
    written = setting_of(f"{key}={text}", NAMES)
    assert setting_given(key, typed, NAMES) == written
    assert setting_given(key, text, NAMES) == written
    assert written.value == typed


@pytest.mark.parametrize("lever", LEVERS, ids=lambda lever: lever.id)
def test_the_change_that_a_document_has_can_be_given_back(lever: Lever) -> None:
    made = setting_given(key_of(lever, NAMES[lever.owner][0]), sound(lever)[1], NAMES)
    change = change_of(made, None)
    assert setting_given(change.key, change.to, NAMES) == made


@pytest.mark.parametrize("lever", [each for each in LEVERS if each.is_limit], ids=lambda lever: lever.id)
def test_none_is_no_limit(lever: Lever) -> None:
    assert value(key_of(lever, NAMES[lever.owner][-1]), None) is None


def test_sizes_are_numbers_in_any_order() -> None:
    assert value("pool.gpu.batch.preferred", (16, 8, 16)) == "8,16"
    for refused in ((), (0, 8), (2.5,), "8 16", 8):
        with pytest.raises(UsageError):
            value("pool.gpu.batch.preferred", refused)


def test_a_whole_number_is_a_count_however_it_is_held() -> None:
    for three in (3, 3.0, np.int64(3), np.float64(3)):
        found = value("pool.gpu.replicas", three)
        assert (found, type(found)) == (3, int)


def test_a_list_of_pools_is_as_good_as_a_tuple() -> None:
    assert value("class.chat.pool", ["gpu", "gpu.eu"]) == ("gpu", "gpu.eu")


def test_seconds_are_kept_to_the_microsecond() -> None:
    assert value("class.chat.queue.max_wait", 1e-5) == 1e-5
    assert value("class.chat.queue.max_wait", 0.12345678) == 0.123457


@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("pool.gpu.replicas", 0),
        ("pool.gpu.replicas", 1.5),
        ("pool.gpu.replicas", True),
        ("pool.gpu.replicas", None),
        ("pool.gpu.replicas", float("inf")),
        ("pool.gpu.replicas", (3,)),
        ("pool.gpu.dispatch", 3),
        ("class.chat.queue.max_wait", -1.0),
        ("class.chat.queue.max_wait", "10"),
        ("class.chat.min_share", 1.2),
        ("class.chat.weight", float("nan")),
        ("class.chat.pool", ()),
        ("class.chat.pool", ("gpu", "cpu")),
        ("class.chat.queue.demote_to", ("rag",)),
        ("class.chat.queue.limt", 3),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_key(key: str, given: object) -> None:
    with pytest.raises(UsageError) as caught:
        setting_given(key, given, NAMES)
    assert key in caught.value.what
    assert caught.value.next_step
    assert "--set" not in str(caught.value)
