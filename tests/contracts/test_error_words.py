"""A kind of error is one word; a message that stands in its place is not written into a contract."""

from __future__ import annotations

import polars as pl
import pytest

from costctl.contracts.rules import ERROR, shown


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("timeout", "timeout"),
        ("openai.RateLimitError", "openai.RateLimitError"),
        ("429", "429"),
        ("timeout for alice@example.com", "a name that is withheld"),
        ("alice@example.com", "a name that is withheld"),
    ],
)
def test_only_a_word_is_said(kind: str, said: str) -> None:
    frame = pl.DataFrame({"error_type": [kind]})
    assert frame.select(shown("error_type", ERROR)).to_series().to_list() == [said]
