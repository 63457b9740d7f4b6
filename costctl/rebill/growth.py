"""At most how much would a prompt cache save, where prompts are not known but their sessions are?

In: calls, which of them, prices. Out: USD of each call. A prompt can share no more with the earlier ones of its session
than the longest of these with its answer, m_i = min(max_{j<i} (input_j + output_j), input_i), and nothing where the
last one is longer ago than any cache keeps. With p the price of input, p_r of reading, and writing no less than p:

    saved_i ≤ input cost of today_i − (input_i − m_i)·p − m_i·p_r

What prompts of different sessions share, as a system prompt, is not in it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.compiled import compiled
from costctl.rebill.calls import BoughtCalls
from costctl.rebill.rates import PriceList, rates_of

_LONGEST_KEPT_S: Final = 3600.0
_IN: Final = ("input", "cached_input", "cache_write", "cache_write_1h")


def most_saved_usd(calls: BoughtCalls, own: Bools, prices: PriceList) -> Floats:
    """USD of each call; 0 of calls that are not its own, and of those without a price. own: calls of one model, or of
    several that answer in turn.
    """
    usd = rates_of(calls.frame, prices).usd
    whole = np.sum([calls.tokens[kind] for kind in _IN], axis=0)
    shared = shared_at_most(calls, own, whole)
    today = np.sum([calls.tokens[kind] * np.nan_to_num(usd[kind]) for kind in _IN], axis=0)
    least = (whole - shared) * usd["input"] + shared * usd["cached_input"]
    return np.where(own & ~np.isnan(least), today - least, 0.0)


def shared_at_most(calls: BoughtCalls, own: Bools, whole: Floats) -> Floats:
    """Tokens of each prompt that earlier ones of its session may have begun with. whole: tokens of each prompt."""
    answer = calls.tokens["output"] + calls.tokens["reasoning"]
    longest, last_s = (np.full(int(calls.session.max(initial=-1)) + 1, value) for value in (0.0, -np.inf))
    found = np.zeros(calls.size)
    _follow(calls.session, own, calls.at_s, whole, whole + answer, longest, last_s, found)
    return found


@compiled
def _follow(
    session: Ints,
    own: Bools,
    at_s: Floats,
    whole: Floats,
    with_answer: Floats,
    longest: Floats,
    last_s: Floats,
    found: Floats,
) -> None:
    """longest, last_s: of each session, its longest prompt with answer, and when its last call began."""
    for call in range(session.size):
        if not own[call]:
            continue
        of = session[call]
        if at_s[call] - last_s[of] <= _LONGEST_KEPT_S:
            found[call] = min(longest[of], whole[call])
        else:
            longest[of] = 0.0
        longest[of] = max(longest[of], with_answer[call])
        last_s[of] = at_s[call]
