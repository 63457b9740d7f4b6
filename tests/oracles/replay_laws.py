"""The laws of a replay, each from the calls alone and instant by instant: the slow twin of costctl/simulate/laws.py.

An outcome in; seconds, ratios and broken laws out.
"""

from __future__ import annotations

import numpy as np

from costctl.arrays import Floats
from costctl.simulate.outcome_measures import is_served, status_counts
from costctl.simulate.workload import CallStatus, Outcome, Workload


def mean_in_service(outcome: Outcome) -> float:
    """Calls in service, averaged over time from the first begin to the last end, counted event by event."""
    begin_s, end_s = _served_spans(outcome)
    if begin_s.size == 0:
        return 0.0
    at_s, active = _active(begin_s, end_s)
    span_s = at_s[-1] - at_s[0]
    return float(np.dot(active[:-1], np.diff(at_s)) / span_s) if span_s > 0 else 0.0


def littles_law_error(outcome: Outcome) -> float:
    """Relative difference between L and lambda·W of the calls in service (Little 1961); 0 where none was.

    L is counted event by event along time, lambda·W from the calls; they agree on any window that begins
    and ends empty.
    """
    begin_s, end_s = _served_spans(outcome)
    if begin_s.size == 0:
        return 0.0
    span_s = float(end_s.max() - begin_s.min())
    arrival_rate_times_stay = float((end_s - begin_s).sum()) / span_s if span_s > 0 else 0.0
    scale = max(arrival_rate_times_stay, np.finfo(np.float64).tiny)
    return abs(mean_in_service(outcome) - arrival_rate_times_stay) / scale


def busy_s_from_calls(outcome: Outcome) -> Floats:
    """Seconds in which each replica had a call in service, from the calls alone: the union of their spans."""
    busy_s = np.zeros(outcome.busy_s.size)
    begun = np.flatnonzero(np.isfinite(outcome.begin_s))
    end_s = np.where(outcome.status == CallStatus.IN_FLIGHT, outcome.horizon_s, outcome.end_s)
    for replica in range(busy_s.size):
        here = begun[outcome.replica[begun] == replica]
        if here.size:
            at_s, active = _active(outcome.begin_s[here], end_s[here])
            busy_s[replica] = np.diff(at_s)[active[:-1] > 0].sum()
    return busy_s


def broken_laws(workload: Workload, outcome: Outcome, tolerance: float = 1e-9) -> tuple[str, ...]:
    """The laws that an outcome breaks, in words; none for a sound replay.

    Every call ends in one status and has exactly the times that belong to it, in order; a follow-up comes
    think_s after its predecessor's end, or never; busy seconds are the union of what was served or is in
    progress, and more only where a replica failed or a call was broken off and work was lost, as a second attempt, a
    failed call or one that is still to begin at the end may tell; Little's law holds. tolerance: relative to the
    largest time.
    """
    slack_s = tolerance * max(abs(outcome.horizon_s), 1.0)
    served = is_served(outcome)
    checks = {
        "calls are lost": sum(status_counts(outcome).values()) == workload.size,
        "a call's times contradict its status": _has_times_of_its_status(outcome),
        "a served call's times are out of order": bool(
            (outcome.begin_s[served] >= outcome.arrival_s[served] - slack_s).all()
            and (outcome.first_token_s[served] >= outcome.begin_s[served] - slack_s).all()
            and (outcome.end_s[served] >= outcome.first_token_s[served] - slack_s).all()
        ),
        "a call arrives at the wrong time": _arrives_on_time(workload, outcome, slack_s),
        "busy seconds are not those of the calls served": _is_busy_as_calls_say(outcome, tolerance, slack_s),
        "Little's law does not hold": littles_law_error(outcome) <= 1e3 * tolerance,
    }
    return tuple(law for law, holds in checks.items() if not holds)


def _has_times_of_its_status(outcome: Outcome) -> bool:
    served, arrived = is_served(outcome), outcome.status != CallStatus.NEVER_ARRIVED
    is_in_flight = outcome.status == CallStatus.IN_FLIGHT
    has_begun, has_token = np.isfinite(outcome.begin_s), np.isfinite(outcome.first_token_s)
    return bool(
        (np.isfinite(outcome.end_s) == served).all()
        and (has_begun == served)[~is_in_flight].all()
        and (has_token == served)[~is_in_flight].all()
        and (has_begun >= has_token).all()
        and (np.isfinite(outcome.arrival_s) == arrived).all()
        and ((outcome.attempts > 0) == arrived).all()
    )


def _is_busy_as_calls_say(outcome: Outcome, tolerance: float, slack_s: float) -> bool:
    from_calls_s = busy_s_from_calls(outcome)
    is_to_begin = (outcome.status == CallStatus.IN_FLIGHT) & ~np.isfinite(outcome.begin_s)
    is_broken_off = np.isin(outcome.status, (CallStatus.FAILED, CallStatus.TIMED_OUT))
    may_have_lost_work = (outcome.attempts > 1) | is_broken_off | is_to_begin
    if may_have_lost_work.any():
        return bool((outcome.busy_s >= from_calls_s - slack_s).all())
    return bool(np.allclose(outcome.busy_s, from_calls_s, rtol=tolerance, atol=slack_s))


def _arrives_on_time(workload: Workload, outcome: Outcome, slack_s: float) -> bool:
    is_follower = workload.after >= 0
    before = workload.after[is_follower]
    due_s = workload.arrival_s.astype(np.float64, copy=True)
    due_s[is_follower] = outcome.end_s[before] + workload.think_s[is_follower]
    due_s[np.isnan(outcome.arrival_s) & (due_s > outcome.horizon_s - slack_s)] = np.nan
    return bool(np.allclose(outcome.arrival_s, due_s, rtol=0.0, atol=slack_s, equal_nan=True))


def _served_spans(outcome: Outcome) -> tuple[Floats, Floats]:
    served = is_served(outcome)
    return outcome.begin_s[served], outcome.end_s[served]


def _active(begin_s: Floats, end_s: Floats) -> tuple[Floats, Floats]:
    """Instants at which the number in service changes, in order, and the number from each one on."""
    at_s = np.concatenate([begin_s, end_s])
    change = np.concatenate([np.ones(begin_s.size), -np.ones(end_s.size)])
    order = np.argsort(at_s, kind="stable")
    return at_s[order], np.cumsum(change[order])
