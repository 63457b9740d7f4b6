"""Small placements in round numbers, for laws over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from costctl.recommend.placement_copies import Copies
from costctl.recommend.placement_program import Problem


def problem(
    load: Sequence[Sequence[Sequence[float]]],
    usd_per_replica: Sequence[float],
    today: Sequence[int],
    *,
    is_allowed: Sequence[Sequence[bool]] | None = None,
    usd: Sequence[Sequence[float]] | None = None,
    most_replicas: Sequence[float] | None = None,
    most_moves: int | None = None,
    parts: int = 1,
    most_utilisation: float = 1.0,
) -> Problem:
    """load: by class, pool and hour.  today: by class its pool."""
    classes, pools = len(load), len(usd_per_replica)
    shares = np.zeros((classes, pools))
    shares[np.arange(classes), list(today)] = 1.0
    return Problem(
        load=np.array(load, np.float64),
        fixed_load=np.zeros((pools, len(load[0][0]))),
        usd_per_replica=np.array(usd_per_replica, np.float64),
        usd=np.zeros((classes, pools)) if usd is None else np.array(usd, np.float64),
        is_allowed=np.ones((classes, pools), np.bool_)
        if is_allowed is None
        else np.array(is_allowed, np.bool_),
        today=shares,
        most_utilisation=np.full(pools, most_utilisation),
        most_replicas=np.full(pools, np.inf)
        if most_replicas is None
        else np.array(most_replicas, np.float64),
        most_moves=most_moves,
        parts=parts,
    )


@st.composite
def problems(draw: st.DrawFn, *, is_limited: bool = False, most_classes: int = 3) -> Problem:
    """Up to so many classes on up to three pools in up to two hours. is_limited: pools may have a limit, and classes
    may have to leave.
    """
    classes, pools, hours = (
        draw(st.integers(1, most_classes)),
        draw(st.integers(1, 3)),
        draw(st.integers(1, 2)),
    )
    numbers = st.integers(0, 300).map(lambda each: each / 100)

    def table(values: st.SearchStrategy[float], *shape: int) -> list[float]:
        return draw(st.lists(values, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))

    load = np.reshape(table(numbers, classes, pools, hours), (classes, pools, hours))
    today = [draw(st.integers(0, pools - 1)) for _ in range(classes)]
    is_allowed = np.array([[draw(st.booleans()) for _ in range(pools)] for _ in range(classes)])
    if not is_limited:
        is_allowed[np.arange(classes), today] = True
    limits = [draw(st.sampled_from([np.inf, 1.0, 2.0, 3.0])) if is_limited else np.inf for _ in range(pools)]
    return problem(
        load.tolist(),
        table(st.integers(1, 100).map(lambda each: each / 10), pools),
        today,
        is_allowed=is_allowed.tolist(),
        usd=np.reshape(table(numbers, classes, pools), (classes, pools)).tolist(),
        most_replicas=limits,
        most_moves=draw(st.none() | st.integers(0, classes)),
        parts=draw(st.integers(1, 3)),
        most_utilisation=draw(st.sampled_from([0.85, 1.0])),
    )


@st.composite
def problems_with_copies(draw: st.DrawFn) -> Problem:
    """Up to two classes, pools in two regions, a tier or two in each, up to three contents that may be kept there."""
    made = replace(draw(problems(is_limited=True, most_classes=2)), parts=draw(st.integers(1, 2)))
    classes, pools = made.today.shape
    region = np.array([draw(st.sampled_from(["eu", "us"])) for _ in range(pools)])
    kept, options = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    usd = st.integers(-100, 300).map(lambda each: each / 100)
    of_option = [
        draw(st.tuples(st.integers(0, classes - 1), st.sampled_from(["eu", "us"]), usd))
        for _ in range(options)
    ]
    return replace(
        made,
        copies=Copies(
            request_class=np.array([number for number, _, _ in of_option]),
            tier=np.zeros(options, np.int64),
            is_near=np.array([region == there for _, there, _ in of_option]),
            saved_usd=np.array([saved for _, _, saved in of_option]),
            needs=np.array([[draw(st.booleans()) for _ in range(kept)] for _ in range(options)]),
            keep_usd=np.array([abs(draw(usd)) for _ in range(kept)]),
            is_required=np.array([draw(st.integers(0, 3)) == 0 for _ in range(classes)]),
        ),
    )
