"""A setting that is named in a message can be pasted into costctl.toml, whatever the pool or class is called."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from costctl.documents.recommendations import FreedTime
from costctl.documents.setting_names import toml_key
from costctl.render.recommendation_words import freed

NAMES = st.text(st.characters(codec="utf-8"), max_size=8)


@given(NAMES)
def test_a_key_names_the_class_that_it_is_of(name: str) -> None:
    assert tomllib.loads(f"classes.{toml_key(name)}.deadline = '20h'") == {
        "classes": {name: {"deadline": "20h"}}
    }


def test_names_of_letters_digits_and_dashes_stay_as_they_are() -> None:
    assert [toml_key(each) for each in ("gpu-a_1", "nightly jobs", "пул", "a.b")] == [
        "gpu-a_1",
        '"nightly jobs"',
        '"пул"',
        '"a.b"',
    ]


def test_the_command_to_try_one_replica_less_can_be_pasted() -> None:
    one_could_go = FreedTime("premium pool", 4, 1.5, 0.5, 0.0, 0.8)
    assert "(costctl simulate --set 'pool.premium pool.replicas=3')" in freed(one_could_go)
