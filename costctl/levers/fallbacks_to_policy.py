"""How does an entry of a policy say to which pools its calls go on?

In: the entry, the fallbacks of its class, the backends, today's pools. Out: the fallbacks of the entry, or the reason
for which it cannot say them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from costctl.documents.policy import Backend, Fallback, PolicyClass
from costctl.levers.fallbacks import Fallbacks
from costctl.levers.platform import PoolRules
from costctl.levers.written_values import Unsaid


def fallbacks_written(
    kind: PolicyClass,
    fallbacks: Fallbacks,
    backends: Mapping[str, Backend],
    pools: Mapping[str, PoolRules],
    taking: Callable[[str, str | None], str],
) -> tuple[Fallback, ...] | Unsaid:
    """Those that batch as a pool does that the entry goes to; then what it falls back to today that is no such pool.

    taking: the backend of a pool that takes calls of a model.
    """
    targets = [backends[each.backend] for each in kind.placement.targets if each.weight]
    own = {
        name: pools[name].discipline for each in targets if (name := each.pool) is not None and name in pools
    }
    model = next(each.model for each in targets if each.pool in own)
    found = []
    for pool, on in fallbacks.parts:
        others = [discipline for name, discipline in own.items() if name != pool]
        if pools[pool].discipline not in others:
            continue
        if pool in own:
            return Unsaid(f"an entry sends calls to {pool} already, and cannot fall back to it too")
        found.append(Fallback(taking(pool, model), on))
    kept = tuple(each for each in kind.placement.fallback if backends[each.backend].pool not in pools)
    return (*found, *kept)
