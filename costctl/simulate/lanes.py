"""Who waits where, who goes first, and what becomes of a call that cannot wait? The lanes of one pool.

k lanes as arrays of length k; `Lanes.plain(k)` is first come, first served, without limits, and
`dataclasses.replace` sets the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum, IntFlag

import numpy as np

from costctl.arrays import Floats, Ints


class RefusalAction(IntEnum):
    """What happens to a call that its lane refuses, or that has waited there for too long."""

    REJECT = 0
    DEMOTE = 1  # it waits on in lane demote_to


class FallbackCause(IntFlag):
    """Why a call goes on to another pool."""

    ERROR = 1  # no replica of its pool is up, or its replica failed
    TIMEOUT = 2  # it had not ended within its time-out
    OVERLOAD = 4  # its queue was full, it was shed, or it waited longer than its time to live
    CONTEXT_WINDOW = 8  # its prompt and answer do not fit into the KV memory of a replica


@dataclass(frozen=True, slots=True)
class Fallback:
    """A pool, and the causes on which calls go on to it."""

    pool: int
    on: FallbackCause


@dataclass(frozen=True, slots=True)
class Lanes:
    """The k lanes of a pool; what each rule does in detail is written at `replay_network`.

    rank: lower is served first; equal ranks share a level.  weight: None serves lanes of one level by
    arrival; else by least work served over weight.  min_share: 0 to 1, of the work that begins on a
    replica while the lane waits there, what the lane gets whatever its rank.  queue_limit: calls that may
    wait per replica, -1 is unlimited.  time_to_live_s: a call that has waited longer is not served, inf is
    never; noticed when its turn comes.  shed_above: a call is refused on arrival while more calls wait in
    the pool, all lanes, per replica that is up; inf is never.  on_refusal, on_expiry: `RefusalAction` codes.
    demote_to: the lane; -1 is none.  fallbacks: of each lane, the pools that a call which would leave goes on to, in
    order.  retries: how often a call that
    was refused, expired, timed out or failed comes again; the k-th time backoff_s·backoff_factor^(k-1) seconds later.
    timeout_s: a call that has not ended so long after it came is broken off; inf is never.  concurrency: calls of the
    lane that may wait and be in progress, per_minute: that may come in a minute, both in all pools that batch as this
    one does together; -1 is unlimited.
    """

    rank: Ints
    weight: Floats | None
    min_share: Floats
    queue_limit: Ints
    time_to_live_s: Floats
    shed_above: Floats
    on_refusal: Ints
    on_expiry: Ints
    demote_to: Ints
    retries: Ints
    backoff_s: Floats
    backoff_factor: Floats
    timeout_s: Floats
    concurrency: Ints
    per_minute: Ints
    fallbacks: tuple[tuple[Fallback, ...], ...]

    @classmethod
    def plain(cls, count: int) -> Lanes:
        """``count`` lanes of one rank, first come, first served, without limits."""
        return cls(
            rank=np.zeros(count, np.int64),
            weight=None,
            min_share=np.zeros(count),
            queue_limit=np.full(count, -1, np.int64),
            time_to_live_s=np.full(count, np.inf),
            shed_above=np.full(count, np.inf),
            on_refusal=np.full(count, int(RefusalAction.REJECT), np.int64),
            on_expiry=np.full(count, int(RefusalAction.REJECT), np.int64),
            demote_to=np.full(count, -1, np.int64),
            retries=np.zeros(count, np.int64),
            backoff_s=np.zeros(count),
            backoff_factor=np.ones(count),
            timeout_s=np.full(count, np.inf),
            concurrency=np.full(count, -1, np.int64),
            per_minute=np.full(count, -1, np.int64),
            fallbacks=((),) * count,
        )

    @property
    def count(self) -> int:
        """Number of lanes."""
        return int(self.rank.size)

    @property
    def has_timeouts(self) -> bool:
        """Whether calls of a lane may be broken off."""
        return bool(np.isfinite(self.timeout_s).any())

    @property
    def has_admission(self) -> bool:
        """Whether a lane bounds how many calls may be there, or come."""
        return bool((self.concurrency >= 0).any() or (self.per_minute >= 0).any())

    @property
    def has_fallbacks(self) -> bool:
        """Whether calls of a lane may go on to another pool."""
        return any(self.fallbacks)

    @property
    def is_shared(self) -> bool:
        """Whether lanes share by weight or have a minimum share, and so need a queue each."""
        return self.weight is not None or bool((self.min_share > 0).any())

    def fault(self, pools: int, own: int) -> str | None:
        """What is wrong with the lanes of pool ``own`` among so many pools; None where nothing is."""
        names = [field.name for field in fields(self) if field.name not in ("weight", "fallbacks")]
        columns = [getattr(self, name) for name in names]
        columns += [] if self.weight is None else [self.weight]
        if any(column.size != self.count for column in columns) or len(self.fallbacks) != self.count:
            return "the arrays of a pool's lanes differ in length"
        codes = np.concatenate([self.on_refusal, self.on_expiry])
        demotes = (self.on_refusal == RefusalAction.DEMOTE) | (self.on_expiry == RefusalAction.DEMOTE)
        demote_to = self.demote_to[demotes]
        rules = {
            "a lane's weight is not positive": self.weight is None
            or bool(((self.weight > 0) & (self.weight < np.inf)).all()),
            "the minimum shares of a pool's lanes are negative or more than 1": bool(
                (self.min_share >= 0).all() and self.min_share.sum() <= 1 + 1e-9
            ),
            "a lane sheds above a negative number": bool((self.shed_above >= 0).all()),
            "a lane has an unknown action on refusal or expiry": bool(((codes >= 0) & (codes <= 1)).all()),
            "a lane demotes to a lane that does not exist, or to itself": bool(
                ((demote_to >= 0) & (demote_to < self.count) & (demote_to != np.flatnonzero(demotes))).all()
            ),
            "a lane falls back to a pool that does not exist, or to its own": all(
                0 <= each.pool < pools and each.pool != own for lane in self.fallbacks for each in lane
            ),
            "a lane falls back to one pool twice, or to more than 20": all(
                len({each.pool for each in lane}) == len(lane) <= 20 for lane in self.fallbacks
            ),
            "a lane retries a negative number of times, or more than 100": bool(
                ((self.retries >= 0) & (self.retries <= 100)).all()
            ),
            "a time-out is not positive": bool((self.timeout_s > 0).all()),
            "a back-off is negative or not finite": bool(
                ((self.backoff_s >= 0) & np.isfinite(self.backoff_s)).all()
                and ((self.backoff_factor >= 0) & np.isfinite(self.backoff_factor)).all()
            ),
        }
        return next((text for text, holds in rules.items() if not holds), None)
