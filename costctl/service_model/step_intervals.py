"""In which stretches of time did steps pass, and among how many sequences?

In: the calls of one pool that decodes continuously. Out: all replicas' time, cut wherever a decode or a prefill
begins or ends, with the sequences that decode and the prompt tokens that are read per second in each stretch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from costctl.arrays import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Decoding:
    """n calls of one pool, any order. replica: which one served it.  steps: tokens decoded after the first
    one.

    arrival_s, begin_s: seconds; begin_s is NaN where no queue was observed.  is_exact: the tokens are known,
    so that the call can be held to them; the others only add to the concurrency.
    """

    replica: Ints
    arrival_s: Floats
    begin_s: Floats
    first_token_s: Floats
    end_s: Floats
    uncached_tokens: Ints
    steps: Ints
    is_exact: Bools


@dataclass(frozen=True, slots=True)
class Intervals:
    """All replicas' time, cut wherever a decode or a prefill begins or ends; replicas one after the other.

    at_s: when the interval begins, ascending.  length_s: how long it is.  active: sequences decoding in it.
    prompt_tokens: read in it.  offset_s: where a replica's time begins on the common axis.
    """

    at_s: Floats
    offset_s: Floats
    length_s: Floats
    active: Floats
    prompt_tokens: Floats

    def free_s(self, gamma_s: float) -> Floats:
        """Seconds of each interval that were left to decode steps, where sequences were decoding."""
        left: Floats = np.where(self.active > 0, self.length_s - gamma_s * self.prompt_tokens, 0.0)
        return left

    def place(self, calls: Decoding, which: Ints, at_s: Floats) -> Ints:
        """The index of the interval that starts at these instants, one of each of these calls."""
        found: Ints = np.searchsorted(self.at_s, at_s + self.offset_s[calls.replica[which]])
        return found


def cut(calls: Decoding, prefill_begin_s: Floats, gamma_s: float) -> Intervals:
    """Cut the time. Replicas are laid end to end on one axis, so that one sorted array holds them all.

    prefill_begin_s: when each call's prompt began to be read, NaN where unknown: then it is taken to have been read
    at gamma_s a token, just before the first token or before what was read after it. Within its prefill a prompt
    is read evenly, never faster than gamma_s allows.
    """
    known = np.flatnonzero(np.isfinite(calls.first_token_s))
    span_s = float(np.max(calls.end_s) - np.min(calls.arrival_s)) + 1.0
    offset_s: Floats = 2.0 * span_s * (1.0 + np.arange(int(calls.replica.max()) + 1, dtype=np.float64))
    shift_s = offset_s[calls.replica[known]]
    first_s, end_s = calls.first_token_s[known] + shift_s, calls.end_s[known] + shift_s
    tokens = np.maximum(calls.uncached_tokens[known], 0).astype(np.float64)
    from_s, until_s = _prefills(first_s, gamma_s * tokens, prefill_begin_s[known] + shift_s)
    per_s = tokens / np.maximum(until_s - from_s, 1e-9)
    instants = np.concatenate([first_s, end_s, from_s, until_s])
    ones, zeros = np.ones(known.size), np.zeros(known.size)
    order = np.argsort(instants, kind="stable")
    at_s: Floats = instants[order].astype(np.float64)
    active = np.cumsum(np.concatenate([ones, -ones, zeros, zeros])[order])
    rate = np.cumsum(np.concatenate([zeros, zeros, per_s, -per_s])[order])
    length_s: Floats = np.append(np.diff(at_s), 0.0)
    return Intervals(at_s, offset_s, length_s, np.rint(active), np.maximum(rate, 0.0) * length_s)


def _prefills(first_s: Floats, least_s: Floats, begin_s: Floats) -> tuple[Floats, Floats]:
    """From when until when each prompt was read. least_s: the time that its tokens alone take."""
    order = np.argsort(first_s, kind="stable")
    work_s = np.cumsum(least_s[order])
    # The latest schedule in which every prompt is read by its first token: start_j = min_{k≥j} (F_k − S_k) + S_{j−1}.
    slack_s = np.minimum.accumulate((first_s[order] - work_s)[::-1])[::-1]
    latest_s = np.empty(first_s.size)
    latest_s[order] = slack_s + work_s - least_s[order]
    is_seen = np.isfinite(begin_s)
    from_s = np.where(is_seen, np.minimum(begin_s, first_s - least_s), latest_s)
    return from_s, np.where(is_seen, first_s, from_s + least_s)


def between(amounts: Floats, first: Ints, last: Ints) -> Floats:
    """Sums of amounts[first:last], for many pairs at once."""
    clock = np.concatenate([[0.0], np.cumsum(amounts)])
    seen: Floats = clock[last] - clock[first]
    return seen


def found_idle(replica: Ints, arrival_s: Floats, end_s: Floats) -> Bools:
    """Which calls came to a replica with nothing waiting or in progress."""
    idle = np.zeros(arrival_s.size, np.bool_)
    for each in np.unique(replica):
        here = np.flatnonzero(replica == each)
        here = here[np.argsort(arrival_s[here], kind="stable")]
        ended_s = np.maximum.accumulate(end_s[here])
        idle[here[1:]] = arrival_s[here[1:]] >= ended_s[:-1]
        idle[here[:1]] = True
    return idle
