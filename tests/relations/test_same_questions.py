"""Calls that ask the same report the same number of tokens; where they do not, what they asked is not known."""

from __future__ import annotations

from collections import Counter

from tests.relations.span_rows import chat, engine_of

# The tokens that the calls of one hash report, and how many of these calls have a prompt.
REPORTED: tuple[tuple[tuple[int | None, ...], int], ...] = (
    ((1000, 1000), 2),
    ((1000, 1010), 2),
    ((1000, 1011), 0),
    ((5000, 5050, 5000), 3),
    ((5000, 5051, 5000), 0),
    ((12, 30), 0),
    ((1000, None, 0), 3),
    ((1000, None, 4000), 0),
)


def test_calls_whose_numbers_of_tokens_contradict_their_hash_have_no_prompt() -> None:
    calls = [
        chat(
            f"{case}-{place}/call",
            10 * case + place,
            10 * case + place + 1,
            input_tokens=tokens,
            content_key=f"key {case}",
            prefix_keys=["first", f"key {case}"],
        )
        for case, (several, _) in enumerate(REPORTED)
        for place, tokens in enumerate(several)
    ]
    found = engine_of(calls).query("SELECT content_key FROM call_prompt")
    expected = {f"key {case}": known for case, (_, known) in enumerate(REPORTED) if known}
    assert Counter(found["content_key"]) == expected
