"""A shop of which bought tokens are studied: made once for all tests that only look at it."""

from __future__ import annotations

import pytest

from costctl.recommend.bought.study import BoughtStudy
from costctl.synth.shop.traffic import traffic_of
from tests.recommend.studied_shop import study_of_shop
from tests.synth.written_shop import small_shop, written


@pytest.fixture(scope="session")
def shop_study(tmp_path_factory: pytest.TempPathFactory) -> BoughtStudy:
    world = small_shop(part=0.2)
    return study_of_shop(written(world, traffic_of(world), tmp_path_factory.mktemp("studied")))
