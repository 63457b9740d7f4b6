"""Prompts that begin alike and are too short to be kept: the advice says that this is why."""

from __future__ import annotations

import pytest

from costctl.documents.price_settings import PriceSettings
from costctl.documents.settings import Settings
from costctl.rebill.rates import PriceList
from costctl.recommend.bought.evaluator import evaluated
from costctl.recommend.bought.kinds.prompt_cache import propose
from costctl.recommend.bought.study import bought_study_of
from tests.rebill.made_calls import Made, bought


@pytest.mark.parametrize(
    ("tokens", "said"), [(900, "fewer than 1,024 tokens"), (1100, "too few begin alike")]
)
def test_it_is_said_whether_prompts_are_too_short_or_too_far_apart(tokens: int, said: str) -> None:
    """Every two hours: nothing is kept as long."""
    made = [
        Made(number, 7200.0 * number, parts=(("system", tokens), (f"{number}", 50))) for number in range(30)
    ]
    study = bought_study_of(bought(made), Settings(), PriceList(PriceSettings()), 7200.0 * 30, 0)
    assert study is not None
    (proposed,) = propose(study)
    found = evaluated(study, proposed)
    assert (found.status, said in found.reason) == ("withheld", True)
