"""Which limits does a trace show of an interface: failures, latency, time-out, retries, what becomes of a failure?

In: its calls. Out: the parts of a contract, each with what it was measured from, or why nothing can be said.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import polars as pl
from msgspec.structs import replace

from costctl.arrays import Floats
from costctl.contracts.chance import FEWEST_REQUESTS
from costctl.contracts.rules import ERROR, failures, longer_than, otherwise_than, shown, tried_more_than
from costctl.contracts.uses import Uses
from costctl.documents.contract import TOO_FEW, Degraded, Latency, Mode, Retries, Success, Timeout
from costctl.stats.exact_shares import share_bounds
from costctl.stats.quantiles import quantile
from costctl.stats.rank_bounds import LEVEL, bound_ranks, fewest_for_upper_bound

_TIMED_OUT: Final = r"(?i)time.?out|timed.?out|deadline|\b(408|504)\b"
_FEWEST_CUT: Final = 5
_SAME_RATIO: Final = 0.02  # clocks and the handling of a time-out add a little to it
# The share of good calls that a time-out may cut: 0.1 % as a rule (M. Brooker, "Timeouts, retries, and backoff with
# jitter", Amazon Builders' Library, 2019), 1 % where so many calls were not seen.
_KEPT: Final = (0.999, 0.99)
_MS_PER_S: Final = 1_000
_MODES: Final[tuple[Mode, ...]] = ("retried", "fallback", "went on", "failed")


def success_of(uses: Uses) -> Success:
    """How often it failed, and how."""
    found = failures(uses.calls)
    failed = uses.calls.filter("is_failed")
    kinds = (
        failed.select(kind=shown("error_type", ERROR))
        .group_by("kind")
        .len()
        .sort("len", "kind", descending=[True, False])
    )
    return Success("measured", found.checked, found.broken, failed.height, dict(kinds.iter_rows()))


def latency_of(uses: Uses) -> Latency | None:
    """How long its calls took; None where none was timed."""
    took_s = uses.calls["duration_s"].drop_nulls().to_numpy()
    if took_s.size == 0:
        return None
    p50_s, p95_s, p99_s = (quantile(took_s, level) for level in (0.5, 0.95, 0.99))
    return Latency(took_s.size, p50_s, p95_s, p99_s, float(took_s.max()))


def timeout_of(uses: Uses) -> Timeout:
    """Where calls were cut, or where they might be."""
    timed = uses.calls.filter(pl.col("duration_s").is_not_null())
    cut_s = _cut_at_s(timed)
    if cut_s is not None:
        at_s, cut = cut_s
        found = longer_than(uses.calls, at_s)
        why = f"{cut:,} failed calls ended within {_SAME_RATIO:.0%} of one duration, the longest of them here"
        return Timeout("measured", at_s, "observed", found.checked, found.broken, why)
    good_s = np.sort(timed.filter(~pl.col("is_failed"))["duration_s"].to_numpy())
    for level in _KEPT:
        place = bound_ranks(good_s.size, level)[1] if good_s.size else None
        if place is not None:
            at_s = _ms_above(good_s[place - 1])
            found = longer_than(uses.calls, at_s)
            why = (
                f"no calls were cut at one duration; of those that succeed at least {level:.1%} take no longer "
                f"(97.5% confidence, {good_s.size:,} calls)"
            )
            return Timeout("measured", at_s, "proposed", found.checked, found.broken, why)
    fewest = fewest_for_upper_bound(_KEPT[-1])
    why = f"{TOO_FEW}: {good_s.size:,} timed calls succeeded, {fewest:,} are needed to propose one"
    return Timeout(samples=timed["request_id"].n_unique(), why=why)


def _cut_at_s(timed: pl.DataFrame) -> tuple[float, int] | None:
    """At which duration calls were cut, and how many: failed ones that took the same time, and half of all such."""
    failed = timed.filter("is_failed")
    said = failed.filter(pl.col("error_type").str.contains(_TIMED_OUT))
    at = said if said.height else failed
    took_s: Floats = at["duration_s"].to_numpy()
    if took_s.size < _FEWEST_CUT:
        return None
    usual_s = quantile(took_s, 0.5)
    same_s = took_s[np.abs(took_s - usual_s) <= _SAME_RATIO * usual_s]
    if same_s.size < _FEWEST_CUT or 2 * same_s.size < took_s.size:
        return None
    longest_s = timed.filter(~pl.col("is_failed"))["duration_s"].max()
    if not said.height and isinstance(longest_s, float) and longest_s > same_s.min():
        return None  # they fail fast
    return _ms_above(float(same_s.max())), same_s.size


def _ms_above(value_s: float) -> float:
    """The next whole millisecond, so that what was seen lies within it."""
    return max(1, math.ceil(round(value_s * _MS_PER_S, 6))) / _MS_PER_S


def retries_of(uses: Uses) -> Retries:
    """How often a failed call was tried again, and what for."""
    calls, requests = uses.calls, uses.requests
    if not calls["is_failed"].any():
        return Retries(samples=requests, why="no call failed: not observed, to be declared")
    again = calls.filter(pl.col("attempts") > 1)
    recovered = again.filter(~pl.col("is_failed")).height
    if requests < FEWEST_REQUESTS:
        why = f"{TOO_FEW}: {requests:,} requests, {FEWEST_REQUESTS} are needed"
        return Retries(samples=requests, repeated=again.height, recovered=recovered, why=why)
    per_request = calls.group_by("request_id").agg(pl.col("attempts").max())["attempts"].sort(descending=True)
    most, second = int(per_request[0]), int(per_request[1])
    if again.height == 0:
        why = "no failed call was tried again"
    else:
        why = f"{recovered:,} of {again.height:,} further attempts succeeded"
    rare = tried_more_than(calls, second - 1).broken if most > second else 0
    return Retries("measured", most - 1, requests, rare, again.height, recovered, why)


def degraded_of(uses: Uses) -> Degraded:
    """What became of the requests in which a call failed."""
    fates = uses.calls.filter(pl.col("fate").is_not_null()).unique("request_id")["fate"]
    if fates.len() == 0:
        return Degraded(why="no call failed: not observed, to be declared")
    counts: dict[Mode, int] = {mode: int((fates == mode).sum()) for mode in _MODES}
    mode = max(_MODES, key=lambda each: (counts[each], -_MODES.index(each)))
    is_clear = share_bounds(counts[mode], fates.len(), LEVEL)[0] > 0.5
    counted = Degraded(
        samples=fates.len(),
        retried=counts["retried"],
        fallback=counts["fallback"],
        went_on=counts["went on"],
        failed=counts["failed"],
        why=f"{TOO_FEW}: {fates.len():,} requests with a failed call; no way is clearly that of most",
    )
    if not is_clear:
        return counted
    broken = otherwise_than(uses.calls, mode).broken
    why = f"{counts[mode]:,} of {fates.len():,} requests in which a call failed"
    return replace(counted, basis="measured", mode=mode, broken=broken, why=why)
