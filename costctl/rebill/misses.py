"""Why was each token that went in not read from a cache, and what did that cost?

In: the calls as they were made and recorded, and prices. Out: ``Misses``: of each call its tokens that were not read,
by cause, and USD of each: what they were billed as, less what a read would have cost. The causes are asked in the
order of ``CAUSES``, and the first that holds is named; over the causes tokens sum to what was not read, exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints
from costctl.documents.cache_misses import CAUSES
from costctl.rebill.bill import rules_of, scopes_of, tokens_in
from costctl.rebill.cache_rules import cache_rules
from costctl.rebill.calls import BoughtCalls
from costctl.rebill.missed_play import Part, Sent, found_of
from costctl.rebill.rates import PriceList, rates_of

_CAUSE_OF: Final[dict[Part, str]] = {
    Part.UNEXPLAINED: "unexplained",
    Part.TOGETHER: "sent_together",
    Part.ELSEWHERE: "another_deployment",
    Part.EXPIRED: "expired",
    Part.NOT_ASKED: "not_asked",
    Part.LONG_AGO: "expired",
    Part.TOO_SHORT: "below_minimum",
    Part.CHANGED: "prefix_changed",
    Part.FIRST: "first_use",
}
_UNREAD: Final = ("cache_write_1h", "cache_write", "input")  # in the order in which they lie in a prompt


@dataclass(frozen=True, slots=True)
class Misses:
    """n calls. has_rule: its model is known to have a cache, and its input was billed.  is_used: and its prompt and
    what it read are known.  read: tokens that it read.  tokens, usd: a row a call, a column a cause; usd is NaN where
    there are tokens and no price.  changed_at, since_s: as of ``missed_play.Found``.
    """

    has_rule: Bools
    is_used: Bools
    read: Ints
    tokens: Ints
    usd: Floats
    changed_at: Ints
    since_s: Floats


def misses_of(calls: BoughtCalls, prices: PriceList) -> Misses:
    """The causes, call by call."""
    rules = rules_of(calls.frame)
    has_rule = (
        (rules >= 0) & calls.frame["is_input_billed"].to_numpy() & calls.frame["is_generation"].to_numpy()
    )
    is_used = has_rule & calls.prefixes.is_known & _is_recorded(calls)
    sent = _sent(calls, rules, is_used)
    found = found_of(sent)
    before = np.where(is_used, sent.read, 0)
    ends = np.concatenate([before[:, None], found.bounds], axis=1)
    return Misses(
        has_rule=has_rule,
        is_used=is_used,
        read=before,
        tokens=by_cause(np.diff(ends, axis=1)),
        usd=by_cause(_usd_between(calls, before, ends, prices)),
        changed_at=found.changed_at,
        since_s=found.since_s,
    )


def _is_recorded(calls: BoughtCalls) -> Bools:
    """Calls that say how many tokens went in, and how many of them were read from a cache."""
    known = calls.frame["input"].is_not_null() & calls.frame["is_cache_observed"]
    recorded: Bools = known.to_numpy() & (tokens_in(calls.tokens) > 0)
    return recorded


def _sent(calls: BoughtCalls, rules: Ints, is_used: Bools) -> Sent:
    """What the calls sent, with prefixes numbered within what can share them."""
    prefixes = calls.prefixes
    model = scopes_of(calls.frame, is_sticky=True)
    scope = _deployments(calls, model, is_used)
    session = np.unique(_paired(model, calls.session), return_inverse=True)[1].astype(np.int64)
    of_call = np.repeat(np.arange(calls.size), np.diff(prefixes.offset))
    tokens = {kind: each.astype(np.int64) for kind, each in calls.tokens.items()}
    until_1h = tokens["cached_input"] + tokens["cache_write_1h"]
    known = cache_rules()

    def of_rule(values: Sequence[int]) -> Ints:
        return np.array([*values, 0], np.int64)[rules]

    is_automatic = of_rule([rule.is_automatic for rule in known]) == 1
    keeps_last = (of_rule([rule.keeps == "last" for rule in known]) == 1) & ~prefixes.is_by_block
    until = until_1h + tokens["cache_write"]
    is_by_answer = of_rule([rule.readable_from == "answer" for rule in known]) == 1
    return Sent(
        offset=prefixes.offset,
        size=prefixes.size,
        prefix=_numbered(model[of_call], prefixes.key),
        kept=_numbered(scope[of_call], prefixes.key),
        own=_numbered(session[of_call], prefixes.key),
        session=session,
        scope=scope,
        is_used=is_used,
        can_read=is_automatic | (until > 0),
        is_automatic=is_automatic,
        keeps_last=keeps_last,
        renews_all=(is_automatic & ~keeps_last) | prefixes.is_by_block,
        at_s=calls.at_s,
        ready_s=np.where(is_by_answer, calls.answer_s, calls.end_s),
        read=tokens["cached_input"],
        until_1h=until_1h,
        until=until,
        whole=until + tokens["input"],
        least=of_rule([rule.least_tokens for rule in known]),
        step=np.maximum(of_rule([rule.step_tokens for rule in known]), 1),
        short_s=of_rule([rule.ttl_s[0] for rule in known]).astype(np.float64),
        long_s=of_rule([rule.ttl_s[-1] for rule in known]).astype(np.float64),
    )


def _deployments(calls: BoughtCalls, model: Ints, is_used: Bools) -> Ints:
    """A number for each cache. Calls that begin alike are in one where some of them do not say where they went."""
    first = np.full(calls.size, -1, np.int64)
    known = calls.prefixes.is_known
    first[known] = calls.prefixes.key[calls.prefixes.offset[:-1][known]]
    alike = _numbered(model, first + 1)
    is_silent = np.zeros(int(alike.max(initial=-1)) + 1, np.bool_)
    is_silent[alike[is_used & calls.frame["replica"].is_null().to_numpy()]] = True
    apart = scopes_of(calls.frame, is_sticky=False)
    return np.where(is_silent[alike], model, int(model.max(initial=-1)) + 1 + apart)


def _paired(first: Ints, second: Ints) -> Ints:
    pairs: Ints = first * (int(second.max(initial=-1)) + 1) + second
    return pairs


def _numbered(within: Ints, key: Ints) -> Ints:
    """A number from 0 for each pair that there is."""
    if within.size and (within == within[0]).all():
        return key
    return np.unique(_paired(within, key), return_inverse=True)[1].astype(np.int64)


def _usd_between(calls: BoughtCalls, read: Ints, ends: Ints, prices: PriceList) -> Floats:
    """What the tokens between each two ends were billed as, less what reading them would have cost.

    They lie in the order of ``_UNREAD``, from where the call read up to. NaN where a price is not known.
    """
    rates = rates_of(calls.frame, prices)
    start = read[:, None].astype(np.float64)
    usd = np.zeros((ends.shape[0], ends.shape[1] - 1))
    for kind in _UNREAD:
        count = calls.tokens[kind][:, None]
        inside = np.diff(np.clip(ends - start, 0.0, count), axis=1)
        over_read = (rates.usd[kind] - rates.usd["cached_input"])[:, None]
        usd += np.where(inside > 0, inside * over_read, 0.0)
        start = start + count
    return usd


def by_cause(parts: np.ndarray) -> np.ndarray:
    """A column a ``Part``, summed into a column a cause of ``CAUSES``."""
    found = np.zeros((parts.shape[0], len(CAUSES)), parts.dtype)
    for place, cause in _CAUSE_OF.items():
        found[:, CAUSES.index(cause)] += parts[:, place]
    return found
