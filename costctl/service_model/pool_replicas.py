"""How many replicas does each pool have, and which of them served under which name?

In: the frames and the settings. Out: of each pool that took a call its ``PoolReplicas``: what bill, fits, replays and
advice alike mean by its replicas. A replica that is started anew comes back under another name, so names are not
counted: a name is in use from the first start of its calls to their last end, and names that are in use one after the
other are of one replica. With u(k) the time for which k or more names were in use at once, and a window of T:

    not declared    n = the largest k with u(k) > 0
    declared as R   n = R, or the largest k with u(k) > T / 2 where that is more: a rolling update has old and new
                    replicas side by side for some minutes, which are not paid for throughout the window
    busy for longer than n · T    n = the largest k with u(k) > 0

Replicas that are declared and served nobody are idle. Where nothing is declared, engines that told of themselves count
as names do.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from costctl.documents.settings import Settings
from costctl.frames.cost import Frames
from costctl.service_model.engine_match import matches_of
from costctl.units import NS_PER_S, S_PER_MINUTE

_MOST_OF_THE_WINDOW: Final = 0.5
_ROUNDING: Final = 1e-12  # of sums of seconds


@dataclass(frozen=True, slots=True)
class Life:
    """A name, and when it was in use: ns UTC, end exclusive, at least one."""

    name: str
    first_ns: int
    last_ns: int


@dataclass(frozen=True, slots=True)
class PoolReplicas:
    """The replicas of a pool.

    count: those that are paid for.  declared: in the configuration.  lives: the names that its calls give, in order.
    most: of names, or of engines where nothing is declared, that were in use at once; 0 where there are none.
    above_s: seconds for which more than ``count`` were.  is_too_busy: the declared ones cannot have been busy for so
    long.
    """

    pool: str
    count: int
    declared: int | None
    lives: tuple[Life, ...]
    most: int
    above_s: float
    is_too_busy: bool

    def numbers(self) -> dict[str, int]:
        """Of each name the number of its replica, below ``count``."""
        return dealt(self.lives, self.count)

    def apart(self) -> dict[str, int]:
        """Of each name a number that it shares with none that was in use at the same time."""
        return dealt(self.lives, max(self.most, self.count))

    def contradiction(self) -> str | None:
        """Why more are counted than are declared; None where no more are."""
        what = None
        if self.declared is None:
            return None
        if self.is_too_busy:
            what = f"observed busy time is more than the {self.declared} declared replicas can have"
        elif self.count > self.declared:
            what = (
                f"{self.count} replicas were in use at one time for more than half of the window, where "
                f"replicas = {self.declared} is declared"
            )
        counted = f"{self.count} replicas are counted, as observed. Correct pools.{self.pool}.replicas."
        return None if what is None else f"{self.pool}: {what}; {counted}"

    def notes(self) -> tuple[str, ...]:
        """What is to be known of the count, in plain words."""
        contradiction = self.contradiction()
        if contradiction is not None:
            return (contradiction,)
        if self.declared is None and len(self.lives) > self.count:
            return (
                f"{self.pool}: calls name {len(self.lives)} replicas, of which at most {self.count} were in use at "
                f"one time; {self.count} are counted throughout the window. Set pools.{self.pool}.replicas to what "
                "is paid for.",
            )
        if self.most > self.count:
            return (
                f"{self.pool}: up to {self.most} replicas were in use at one time, for "
                f"{self.above_s / S_PER_MINUTE:,.1f} minutes in all more than the {self.count} declared, which are "
                "counted throughout the window.",
            )
        return ()


def replicas_of(frames: Frames, settings: Settings) -> dict[str, PoolReplicas]:
    """The replicas of every pool that took a call, by its name."""
    lives = _lives_of_names(frames.pool_call)
    engines = _lives_of_engines(frames, settings, lives)
    busy_s = dict(frames.sums.pool_use.select("pool", "busy_s").iter_rows())
    return {
        pool: _counted(
            pool,
            settings.pools[pool].replicas,
            lives.get(pool, ()),
            engines.get(pool, ()),
            busy_s[pool],
            frames.window_s,
        )
        for pool in sorted(busy_s)
    }


def contradictions(frames: Frames, settings: Settings) -> tuple[str, ...]:
    """A sentence for each pool of which more replicas are counted than are declared."""
    found = (each.contradiction() for each in replicas_of(frames, settings).values())
    return tuple(each for each in found if each is not None)


def seconds_in_use(lives: Iterable[Life]) -> list[float]:
    """For k = 1, 2, … the seconds for which k or more names were in use at once; as many as there ever were."""
    changes = sorted(change for life in lives for change in ((life.first_ns, 1), (life.last_ns, -1)))
    in_use_ns: list[int] = []
    level, since_ns = 0, 0
    for at_ns, change in changes:
        for below in range(level):
            in_use_ns[below] += at_ns - since_ns
        level, since_ns = level + change, at_ns
        if level > len(in_use_ns):
            in_use_ns.append(0)
    return [each / NS_PER_S for each in in_use_ns]


def dealt(lives: Iterable[Life], most: int) -> dict[str, int]:
    """Of each name the number of its replica, of at most so many, and of no more than are needed.

    A name takes the replica that has been free for the longest; where none is, one that had no name yet; where there
    is none left, the one that is free first. Replicas are numbered in the order of their first names.
    """
    free: list[tuple[int, int]] = []  # from when, and which
    names: list[list[str]] = []
    for life in sorted(lives, key=lambda each: (each.first_ns, each.last_ns, each.name)):
        if len(names) < most and not (free and free[0][0] <= life.first_ns):
            replica = len(names)
            names.append([])
            heapq.heappush(free, (life.last_ns, replica))
        else:
            from_ns, replica = free[0]
            heapq.heapreplace(free, (max(from_ns, life.last_ns), replica))
        names[replica].append(life.name)
    return {name: number for number, own in enumerate(sorted(names)) for name in own}


def _counted(
    pool: str,
    declared: int | None,
    lives: tuple[Life, ...],
    engines: tuple[Life, ...],
    busy_s: float | None,
    window_s: float,
) -> PoolReplicas:
    seconds = seconds_in_use(lives)
    most = len(seconds)
    if declared is None:
        count = most = max(most, len(seconds_in_use(engines)))
        count = max(count, 1)
    else:
        count = max(declared, sum(each > _MOST_OF_THE_WINDOW * window_s for each in seconds))
    is_too_busy = busy_s is not None and busy_s > count * window_s * (1 + _ROUNDING)
    count = max(count, most) if is_too_busy else count
    above_s = seconds[count] if count < most else 0.0
    return PoolReplicas(pool, count, declared, lives, most, above_s, is_too_busy)


def _lives_of_names(pool_call: pl.DataFrame) -> dict[str, tuple[Life, ...]]:
    """Of each pool the names that its calls give. A call whose end is not known was there when it started."""
    if pool_call.is_empty():
        return {}
    last_ns = pl.max_horizontal(pl.col("end_ns"), pl.col("start_ns") + 1)
    rows = (
        pool_call.filter("is_replica_observed")
        .group_by(pl.col("pool").cast(pl.String), pl.col("replica").cast(pl.String))
        .agg(pl.col("start_ns").min(), last_ns.max().alias("last_ns"))
        .sort("pool", "replica")
    )
    return _by_pool((pool, Life(name, first, last)) for pool, name, first, last in rows.iter_rows())


def _lives_of_engines(
    frames: Frames, settings: Settings, lives: Mapping[str, tuple[Life, ...]]
) -> dict[str, tuple[Life, ...]]:
    """Of each pool the engines that told of themselves."""
    if frames.engine_series.is_empty():
        return {}
    names = {pool: frozenset(life.name for life in own) for pool, own in lives.items()}
    matches = matches_of(frames.engine_series, settings, names)
    return _by_pool(
        (pool, Life(series, first, max(last, first + 1)))
        for series, first, last in frames.engine_series.select("series", "first_ns", "last_ns").iter_rows()
        if (pool := matches[series].pool) is not None
    )


def _by_pool(found: Iterable[tuple[str, Life]]) -> dict[str, tuple[Life, ...]]:
    pools: dict[str, list[Life]] = {}
    for pool, life in found:
        pools.setdefault(pool, []).append(life)
    return {pool: tuple(own) for pool, own in pools.items()}
