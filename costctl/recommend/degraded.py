"""When did a pool fail, or take far longer than its load explains? Spans of time, from the calls alone.

In: a pool's calls in time, which failed, how long each took, and how long it takes in the replay of today. Out:
``Degraded`` states. The window is cut into spans of a minute, longer where fewer than 20 calls come in one. Of the n
calls of a span k are as they should not be: they failed, or, of those that succeeded, they took three times what the
replay of today says, or more. With f = k / n and q the part that is so in the nine tenths of spans in which least is:

    failing   f >= max(1/5, 5 q)   and  n · KL(f, q) >= ln(spans / 0.001)
    slow      f >= max(1/2, 5 q)   and  the same

The bound is Chernoff's for n calls that are so with probability q, over all spans: of a thousand pools in order one
would be taken for failing. Spans that follow each other are one state. Nothing is said of why.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from costctl.arrays import Bools, Floats, Ints

_SPAN_S: Final = 60.0
_CALLS_IN_A_SPAN: Final = 20
FEWEST_CALLS: Final = 10
_LEAST_FAILING: Final = 0.2
_LEAST_SLOW: Final = 0.5
_TIMES_USUAL: Final = 5.0
_SLOW: Final = 3.0  # times what the replay of today says
_USUAL: Final = 0.9  # of the spans, those in which least is as it should not be
_FALSE: Final = 0.001

How = Literal["failing", "slow"]


@dataclass(frozen=True, slots=True)
class Degraded:
    """A state of a pool. from_s, until_s: from the window's start.  calls: that came meanwhile, of which ``failed``
    failed.  times_slower: median of how long the others took over what their load explains; NaN without any.
    """

    how: How
    from_s: float
    until_s: float
    calls: int
    failed: int
    times_slower: float


@dataclass(frozen=True, slots=True)
class Counts:
    """By span, n calls, of which k are as they should not be."""

    n: Ints
    k: Ints

    @property
    def share(self) -> Floats:
        """Which part of the calls of a span that is; NaN without any."""
        with np.errstate(invalid="ignore"):
            found: Floats = self.k / self.n
        return found

    @property
    def usual(self) -> float:
        """Which part that usually is: of the spans in which least is."""
        told = np.flatnonzero(self.n > 0)
        order = told[np.argsort(self.share[told], kind="stable")]
        kept = order[: max(int(np.ceil(_USUAL * order.size)), 1)]
        return (float(self.k[kept].sum()) + 0.5) / (float(self.n[kept].sum()) + 1.0)

    def is_far(self, least: float) -> Bools:
        """The spans in which it is far more than usually. least: such a part at least."""
        usual, share = self.usual, np.nan_to_num(self.share)
        is_much = (self.n >= FEWEST_CALLS) & (share >= max(least, _TIMES_USUAL * usual))
        is_sure = self.n * _divergence(share, usual) >= np.log(self.n.size / _FALSE)
        found: Bools = is_much & is_sure
        return found


@dataclass(frozen=True, slots=True)
class Spans:
    """The spans of one pool. failed: of its calls.  slow: of those that succeeded.  times_slower: by span the median of
    how long these took over what their load explains; NaN without any.
    """

    edges_s: Floats
    failed: Counts
    slow: Counts
    times_slower: Floats

    @property
    def is_failing(self) -> Bools:
        """The spans in which far more calls fail than usually."""
        return self.failed.is_far(_LEAST_FAILING)

    @property
    def is_slow(self) -> Bools:
        """The spans in which far more calls are slow than usually."""
        return self.slow.is_far(_LEAST_SLOW)


def spans_of(at_s: Floats, is_failed: Bools, took_s: Floats, replayed_s: Floats, to_s: float) -> Spans:
    """The spans of a pool's calls. at_s: when each came, from the window's start.  to_s: length of the window."""
    length_s = max(_SPAN_S, _CALLS_IN_A_SPAN * to_s / max(at_s.size, 1))
    count = max(int(np.ceil(to_s / length_s)), 1)
    span = np.clip((at_s / length_s).astype(np.int64), 0, count - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = took_s / replayed_s
    told = ~is_failed & np.isfinite(ratio)
    slower = np.full(count, np.nan)
    for each in np.unique(span[told]):
        slower[each] = np.median(ratio[told & (span == each)])
    return Spans(
        edges_s=np.linspace(0.0, count * length_s, count + 1),
        failed=Counts(_counted(span, count), _counted(span[is_failed], count)),
        slow=Counts(_counted(span[told], count), _counted(span[told & (ratio >= _SLOW)], count)),
        times_slower=slower,
    )


def _counted(span: Ints, count: int) -> Ints:
    return np.bincount(span, minlength=count)


def states_of(spans: Spans) -> tuple[Degraded, ...]:
    """The states of a pool, in order of time. A span that fails is not also called slow."""
    is_failing = spans.is_failing
    found = [
        *_runs(spans, is_failing, "failing"),
        *_runs(spans, spans.is_slow & ~is_failing, "slow"),
    ]
    return tuple(sorted(found, key=lambda each: each.from_s))


def _runs(spans: Spans, is_so: Bools, how: How) -> list[Degraded]:
    """Spans in a row, as one."""
    edges = np.diff(np.concatenate([[False], is_so, [False]]).astype(np.int64))
    found = []
    for begin, end in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        slower = spans.times_slower[begin:end]
        found.append(
            Degraded(
                how=how,
                from_s=float(spans.edges_s[begin]),
                until_s=float(spans.edges_s[end]),
                calls=int(spans.failed.n[begin:end].sum()),
                failed=int(spans.failed.k[begin:end].sum()),
                times_slower=float(np.nanmedian(slower)) if np.isfinite(slower).any() else float("nan"),
            )
        )
    return found


def _divergence(share: Floats, usual: float) -> Floats:
    """Kullback and Leibler's, of shares from the usual one, in nats."""
    with np.errstate(divide="ignore", invalid="ignore"):
        fails = np.where(share > 0.0, share * np.log(share / usual), 0.0)
        does = np.where(share < 1.0, (1.0 - share) * np.log((1.0 - share) / (1.0 - usual)), 0.0)
    found: Floats = fails + does
    return found
