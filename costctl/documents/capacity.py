"""How many replicas does a pool need? Facts of advice on capacity, as the recommendations document has them."""

from __future__ import annotations

import msgspec


class OneMore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one replica more than those advised would bring in the observed window, and what it costs there.

    good_requests: that much more are within their objectives.  delay_s: that much less, summed over requests.
    worth_usd: both at what a success and a second of delay are declared to be worth; null where neither is.
    """

    price_usd: float
    good_requests: int
    delay_s: float
    worth_usd: float | None


class CapacityHour(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An hour of the day or of the week, UTC, over all the times that it was observed.

    hour: such as 07:00, or mon 07:00.  calls: that reached the pool, an hour.  busy_replicas: with work in progress
    today, on average.  needed: fewest replicas with which every objective is kept for sure, with as many in hours that
    are as busy; null where it was not looked for.  replicas: that are advised, with the reserve.
    """

    hour: str
    calls: float
    busy_replicas: float
    needed: int | None
    replicas: int


class Capacity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The size of a pool. needed: fewest replicas that keep every objective.  sure: by the upper bounds of its
    percentiles too.  reserve: that are kept beyond those needed, in case as many fail.  replicas: that are advised, and
    the most at any hour of a schedule.

    first_part, rest: fewest replicas by the first part of the window alone, and by the rest of it alone; null where no
    number does.  start_up_s: of a replica that a schedule adds.  chance_one_less: that one replica less than needed
    would have done, over periods drawn again from the blocks or days of this one; null where one is needed.
    is_beyond_observed: whether replicas would have more calls in progress than were observed, so that their service
    times are extrapolated.
    """

    needed: int
    sure: int
    reserve: int
    replicas: int
    first_part: int | None
    rest: int | None
    chance_one_less: float | None
    one_more: OneMore | None
    is_beyond_observed: bool
    start_up_s: float | None = None
    hours: tuple[CapacityHour, ...] = ()
