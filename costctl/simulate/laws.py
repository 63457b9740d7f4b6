"""Does an outcome keep the laws that no replay may break? Checked at the door, on every replay.

In: an outcome, its pools, and what the loop counted along time. Out: nothing, or BrokenLawError with the evidence. One
compiled pass over the calls, so that it costs little beside the replay; tests/oracles/replay_laws.py is its slow twin.

    conservation    offered = served + rejected + expired + never arrived + failed + in flight + timed out
    order           of a served call: arrival ≤ begin ≤ first token ≤ end
    size            no replica has more in progress than it takes, at any instant, and on average while it is busy
    KV memory       of a replica: nobody holds more than there is, and nobody holds any once nothing is in progress
    busy time       of a replica: within the time paid for, and no longer than its calls were in progress
    Little's law    L = λ·W on a finite run: the number in the system summed over time is the time in the system summed
                    over calls, those that are still there at the end counted until then (Little 1961)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from costctl.arrays import Bools, Floats, Ints, SmallInts
from costctl.compiled import compiled
from costctl.errors import BrokenLawError
from costctl.simulate.replicas import replicas_by_pool
from costctl.simulate.workload import CallStatus, Outcome, Pool

_SLACK: Final = 1e-9  # of the horizon: what rounding may do to an instant
_SUM_SLACK: Final = 1e-6  # of a sum of seconds: what rounding may do to millions of them
_STATUSES: Final = len(CallStatus)
_SERVED: Final = int(CallStatus.SERVED)
_IN_FLIGHT: Final = int(CallStatus.IN_FLIGHT)
_NEVER_ARRIVED: Final = int(CallStatus.NEVER_ARRIVED)
_LOST, _DISORDERED, _FIRST_LOST, _FIRST_DISORDERED = range(4)  # of the faults that the pass counts


@dataclass(frozen=True, slots=True)
class KeptMemory:
    """KV memory by replica, in blocks. fewest_free: at any instant.  held: by sequences, at the end.  in_progress:
    calls at the end.
    """

    fewest_free: Ints
    held: Ints
    in_progress: Ints


@dataclass(frozen=True, slots=True)
class Counted:
    """What the loop counted as events passed. in_system_s: calls that wait or are in progress, summed over time.
    most_in_progress: at any instant, by replica.  comes_again: whether a call may leave the system and come again.
    memory: None where it was not counted.
    """

    in_system_s: float
    most_in_progress: Ints
    comes_again: bool = False
    memory: KeptMemory | None = None


@dataclass(frozen=True, slots=True)
class _Tally:
    """Of all calls. counts: by status.  held_s: by replica, seconds in progress, of calls that were not lost.
    stay_s: seconds in the system, of those served or still there.
    """

    counts: Ints
    faults: Ints
    held_s: Floats
    stay_s: float


def require_lawful(outcome: Outcome, pools: Sequence[Pool], counted: Counted) -> None:
    """Raise BrokenLawError where a law is broken."""
    slack_s = _SLACK * max(abs(outcome.horizon_s), 1.0)
    tally = _tally(outcome, slack_s)
    _require_conservation(outcome, tally)
    _require_order(outcome, tally)
    sizes = np.repeat([pool.setup.max_num_seqs for pool in pools], replicas_by_pool(pools))
    may_lose_work = any(pool.setup.outages for pool in pools) or any(
        pool.setup.lanes.has_timeouts for pool in pools
    )
    _require_size(outcome, tally, counted, sizes, slack_s)
    if counted.memory is not None:
        _require_memory(counted.memory)
    _require_busy_time(outcome, tally, slack_s, may_lose_work=may_lose_work)
    _require_littles_law(
        outcome, tally, counted, slack_s, is_exact=not may_lose_work and not counted.comes_again
    )


def _tally(outcome: Outcome, slack_s: float) -> _Tally:
    counts, faults = np.zeros(_STATUSES, np.int64), np.array([0, 0, -1, -1])
    held_s, stay_s = np.zeros(outcome.busy_s.size), np.zeros(1)
    _count(
        outcome.arrival_s,
        outcome.begin_s,
        outcome.first_token_s,
        outcome.end_s,
        outcome.replica.astype(np.int32, copy=False),
        outcome.status.astype(np.int8, copy=False),
        outcome.attempts.astype(np.int8, copy=False),
        float(outcome.horizon_s),
        slack_s,
        counts,
        faults,
        held_s,
        stay_s,
    )
    return _Tally(counts, faults, held_s, float(stay_s[0]))


@compiled
def _count(
    arrival_s: Floats,
    begin_s: Floats,
    first_token_s: Floats,
    end_s: Floats,
    replica: SmallInts,
    status: SmallInts,
    attempts: SmallInts,
    horizon_s: float,
    slack_s: float,
    counts: Ints,
    faults: Ints,
    held_s: Floats,
    stay_s: Floats,
) -> None:
    """Fill in the last four from the calls."""
    stayed_s = 0.0
    for call in range(status.size):
        fate, r = status[call], replica[call]
        is_placed = 0 <= r < held_s.size
        if not 0 <= fate < counts.size or (fate == _NEVER_ARRIVED) != (attempts[call] == 0):
            faults[_LOST] += 1
            if faults[_FIRST_LOST] < 0:
                faults[_FIRST_LOST] = call
            continue
        counts[fate] += 1
        if fate == _SERVED:
            in_order = (
                arrival_s[call] <= begin_s[call] + slack_s
                and begin_s[call] <= first_token_s[call] + slack_s
                and first_token_s[call] <= end_s[call] + slack_s
            )
            if not in_order or not is_placed:
                faults[_DISORDERED] += 1
                if faults[_FIRST_DISORDERED] < 0:
                    faults[_FIRST_DISORDERED] = call
                continue
            held_s[r] += end_s[call] - begin_s[call]
            stayed_s += end_s[call] - arrival_s[call]
        elif fate == _IN_FLIGHT:
            stayed_s += horizon_s - arrival_s[call]
            if begin_s[call] <= horizon_s and is_placed:
                held_s[r] += horizon_s - begin_s[call]
    stay_s[0] = stayed_s


def _require_conservation(outcome: Outcome, tally: _Tally) -> None:
    lost, first = int(tally.faults[_LOST]), int(tally.faults[_FIRST_LOST])
    if lost == 0:
        return
    fates = " + ".join(
        f"{count:,} {CallStatus(number).name.lower().replace('_', ' ')}"
        for number, count in enumerate(tally.counts.tolist())
    )
    raise BrokenLawError.of(
        "calls offered to a replay are served, rejected, expired, failed, timed out, never arrived or in flight.",
        f"{outcome.status.size:,} were offered and are {fates}; {lost:,} are none of these, the first of them call "
        f"{first} with status {int(outcome.status[first])} after {int(outcome.attempts[first])} attempts.",
    )


def _require_order(outcome: Outcome, tally: _Tally) -> None:
    disordered, call = int(tally.faults[_DISORDERED]), int(tally.faults[_FIRST_DISORDERED])
    if disordered:
        times = (outcome.arrival_s, outcome.begin_s, outcome.first_token_s, outcome.end_s)
        arrival, begin, first, end = (f"{float(each[call]):.9g} s" for each in times)
        raise BrokenLawError.of(
            "a call that a replay serves arrives, begins, has its first token and ends, in this order, on a replica.",
            f"{disordered:,} of {outcome.status.size:,} calls do not, the first of them call {call} on replica "
            f"{int(outcome.replica[call])}: arrival {arrival}, begin {begin}, first token {first}, end {end}.",
        )


def _require_size(outcome: Outcome, tally: _Tally, counted: Counted, sizes: Ints, slack_s: float) -> None:
    """At any instant by the loop's count, and on average by the calls' own times."""
    room_s = sizes * outcome.busy_s
    is_over = (counted.most_in_progress > sizes) | (tally.held_s > room_s * (1 + _SUM_SLACK) + slack_s)
    if is_over.any():
        r = int(np.argmax(is_over))
        raise BrokenLawError.of(
            "no replica of a replay serves more calls at once than its size.",
            f"{_of_replicas(is_over)}: of size {int(sizes[r])}, it has up to {int(counted.most_in_progress[r])} in "
            f"progress, and call-seconds of {tally.held_s[r]:.9g} in {outcome.busy_s[r]:.9g} busy seconds.",
        )


def _require_memory(memory: KeptMemory) -> None:
    is_off = (memory.fewest_free < 0) | ((memory.in_progress == 0) & (memory.held != 0)) | (memory.held < 0)
    if is_off.any():
        r = int(np.argmax(is_off))
        raise BrokenLawError.of(
            "sequences of a replay hold no more KV memory than there is, and give back what they held.",
            f"{_of_replicas(is_off)}: {int(memory.fewest_free[r])} blocks were free at the least; at the end "
            f"{int(memory.in_progress[r])} sequences in progress hold {int(memory.held[r])}.",
        )


def _require_busy_time(outcome: Outcome, tally: _Tally, slack_s: float, *, may_lose_work: bool) -> None:
    """may_lose_work: replicas fail or calls are broken off, and replicas were busy with calls that have no times on
    record.
    """
    is_off = outcome.busy_s > outcome.paid_s * (1 + _SUM_SLACK) + slack_s
    if not may_lose_work:
        is_off |= outcome.busy_s > tally.held_s * (1 + _SUM_SLACK) + slack_s
    if is_off.any():
        r = int(np.argmax(is_off))
        raise BrokenLawError.of(
            "a replica of a replay is busy only while it is paid for and has calls in progress.",
            f"{_of_replicas(is_off)}: busy {outcome.busy_s[r]:.9g} s, paid {outcome.paid_s[r]:.9g} s, call-seconds in "
            f"progress {tally.held_s[r]:.9g}.",
        )


def _require_littles_law(
    outcome: Outcome, tally: _Tally, counted: Counted, slack_s: float, *, is_exact: bool
) -> None:
    """is_exact: of every call it is on record when it left, unless it expired or timed out. Else the calls' times are
    bounds.
    """
    has_expired = int(tally.counts[CallStatus.EXPIRED] + tally.counts[CallStatus.TIMED_OUT]) > 0
    least_s, most_s = tally.stay_s, tally.stay_s
    if has_expired or not is_exact:
        least_s = float(tally.held_s.sum())
        most_s = float(np.nansum(outcome.horizon_s - outcome.arrival_s))
    off_s = slack_s + _SUM_SLACK * most_s
    if least_s - off_s <= counted.in_system_s <= most_s + off_s:
        return
    raise BrokenLawError.of(
        "the mean number of calls in the system is their arrival rate times their mean time in it (Little's law).",
        f"Over {outcome.horizon_s:.9g} s the number in the system sums to {counted.in_system_s:.9g} call-seconds, the "
        f"times of {outcome.status.size:,} calls to {least_s:.9g} at least and {most_s:.9g} at most.",
    )


def _of_replicas(is_off: Bools) -> str:
    return f"{int(is_off.sum()):,} of {is_off.size:,} replicas break it, the first is replica {int(np.argmax(is_off))}"
