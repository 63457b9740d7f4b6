"""Where else than on this pool may a class be served? Within its boundary, by a model that it allows, batched alike.

In: the study, a class, a pool. Out: other pools, by number, the least busy first.
"""

from __future__ import annotations

from costctl.levers.boundary import may_serve
from costctl.recommend.savings import busy_replicas
from costctl.recommend.study import Study


def elsewhere(study: Study, number: int, pool: int) -> list[int]:
    """The pools that calls of the class may go on to."""
    declared = study.declared(study.classes[number])
    allowed = [
        place
        for place in batching_alike(study, number, pool)
        if may_serve(declared, study.settings.pools[study.pools[place]])
    ]
    return sorted(allowed, key=lambda place: _busy_ratio(study, place))


def batching_alike(study: Study, number: int, pool: int) -> list[int]:
    """The other pools that batch as the pools of the class do; none where these batch in several ways."""
    ways = {study.today.pools[each].discipline for each in study.today.classes[study.classes[number]].pools}
    return [
        place
        for place, name in enumerate(study.pools)
        if place != pool and ways == {study.today.pools[name].discipline}
    ]


def _busy_ratio(study: Study, pool: int) -> float:
    first = study.first
    pools = first.period.pools
    return busy_replicas(first, first.today, pools, pool) / pools[pool].setup.replicas
