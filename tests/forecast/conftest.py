"""Some weeks of an application, asked once."""

from __future__ import annotations

import pytest

from costctl import verbs
from costctl.documents.forecast import Forecast
from costctl.observation import Question
from tests.conftest import unwatched
from tests.synth.written_shop import weeks_in


@pytest.fixture(scope="session")
def weeks_question(tmp_path_factory: pytest.TempPathFactory) -> Question:
    return weeks_in(tmp_path_factory.mktemp("weeks"))


@pytest.fixture(scope="session")
def of_weeks(weeks_question: Question) -> Forecast:
    """From 1 October, by day."""
    return verbs.forecast(weeks_question, unwatched)
