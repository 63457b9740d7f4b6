"""What serves each class today? Its pools and the models that it buys, what is kept for it, and when it is served.

In: counts of calls and reads by class, the pools, the settings. Out: for each class a line of each aspect, None where
nothing of it is observed or declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from costctl.cost.bill import Bill
from costctl.documents.changes import SettingChange
from costctl.documents.portfolio import AspectName, ClassFacts
from costctl.documents.settings import ClassSettings, Pool, Settings
from costctl.recommend.need import plural
from costctl.service_model.pool_fit import PoolFits

_MOST_NAMED: Final = 3
_PERCENT: Final = 100.0
_LEAST_SHOWN: Final = 0.01


@dataclass(frozen=True, slots=True)
class Served:
    """How often each class was served by what. pools: request_class, pool, n.  bought: request_class, model,
    service_tier (null where not observed), n.  reads: request_class, storage (null where no configured one took them),
    n.  n: calls, or reads; rows that nobody counted are left out.
    """

    pools: pl.DataFrame
    bought: pl.DataFrame
    reads: pl.DataFrame

    @property
    def classes_by_pool(self) -> dict[str, frozenset[str]]:
        """Pool → the classes of which it took calls."""
        found: dict[str, set[str]] = {}
        for name, pool in self.pools.select("request_class", "pool").iter_rows():
            found.setdefault(str(pool), set()).add(str(name))
        return {pool: frozenset(names) for pool, names in found.items()}


@dataclass(frozen=True, slots=True)
class Today:
    """What serves each class. pools: a line for each pool."""

    served: Served
    pools: Mapping[str, str]
    settings: Settings

    def line(self, request_class: str, facts: ClassFacts, aspect: AspectName) -> str | None:
        """One side of a class as it is; None where nothing of it is observed or declared."""
        match aspect:
            case "compute":
                parts = self._compute(request_class)
            case "storage":
                parts = self._storage(request_class, facts)
            case "scheduling":
                parts = self._scheduling(request_class, facts)
        return "; ".join(parts) or None

    def proposed(self, changes: Sequence[SettingChange]) -> str:
        """What is changed, setting by setting; a pool that a class goes to with its line."""
        return "; ".join(self._after(each) for each in changes)

    def _compute(self, request_class: str) -> list[str]:
        pools = _counted(self.served.pools, request_class, "pool")
        bought = _counted(self.served.bought, request_class, "model", "service_tier")
        calls = sum(n for _, n in (*pools, *bought))
        named = [
            *((self.pools.get(str(pool), str(pool)), n) for (pool,), n in pools),
            *((_sold_as(model, tier), n) for (model, tier), n in bought),
        ]
        return _shares(named, calls)

    def _storage(self, request_class: str, facts: ClassFacts) -> list[str]:
        parts = []
        if facts.cached_input_ratio is not None:
            parts.append(f"{_percent(facts.cached_input_ratio)} of input read from prompt caches")
        if facts.lookup_hit_ratio is not None:
            parts.append(f"{_percent(facts.lookup_hit_ratio)} of cache look-ups hit")
        reads = _counted(self.served.reads, request_class, "storage")
        named = [("storage that is not configured" if name is None else str(name), n) for (name,), n in reads]
        if named:
            parts.append(f"reads of {', '.join(_shares(named, sum(n for _, n in named)))}")
        return parts

    def _scheduling(self, request_class: str, facts: ClassFacts) -> list[str]:
        parts = [f"objective {each}" for each in facts.objectives]
        if facts.priority is not None:
            parts.append(f"priority {facts.priority}")
        declared = self.settings.classes.get(request_class, ClassSettings())
        if declared.deadline is not None:
            parts.append(f"deadline {declared.deadline}")
        elif declared.deferrable:
            parts.append("may wait")
        for (pool,), _ in _counted(self.served.pools, request_class, "pool"):
            window = self.settings.pools[str(pool)].batch_window
            if window is not None:
                parts.append(f"waits {window} for a batch of {pool}")
        return parts

    def _after(self, change: SettingChange) -> str:
        if change.lever == "class.pool":
            named = change.to if isinstance(change.to, tuple) else (str(change.to),)
            return ", ".join(self.pools.get(name, name) for name in named)
        whose = f"{change.pool}: " if change.pool is not None else ""
        return f"{whose}{change.lever.partition('.')[2]} {_value(change)}"


def pool_lines(bill: Bill, fits: PoolFits, settings: Settings) -> dict[str, str]:
    """A line for each pool: its replicas, how they batch, and up to how many at once where that is declared."""
    return {
        each.pool: _pool_line(each.pool, each.replicas, fits, settings.pools[each.pool])
        for each in bill.pools
    }


def _pool_line(name: str, replicas: int, fits: PoolFits, declared: Pool) -> str:
    fit = fits.named(name)
    is_static = declared.max_batch_size is not None or declared.batch_window is not None
    discipline = "static" if is_static else None if fit is None else fit.pool.model.discipline
    parts = [plural(replicas)]
    if discipline == "static":
        size = declared.max_batch_size
        parts.append("static batches" if size is None else f"static batches of up to {size}")
    elif discipline is not None:
        most = declared.max_num_seqs
        parts.append("continuous batching" if most is None else f"continuous batching of up to {most}")
    return f"{name} ({', '.join(parts)})"


def _sold_as(model: object, tier: object) -> str:
    said = "a model that is not named" if model is None else str(model)
    return f"bought: {said}" if tier is None else f"bought: {said} at {tier} tier"


def _counted(rows: pl.DataFrame, request_class: str, *by: str) -> list[tuple[tuple[object, ...], int]]:
    """The rows of a class, most first, then by name."""
    own = rows.filter(pl.col("request_class") == request_class).select(*by, "n")
    found = [(tuple(row[:-1]), int(row[-1])) for row in own.iter_rows()]
    return sorted(found, key=lambda each: (-each[1], *(str(name) for name in each[0])))


def _shares(named: Iterable[tuple[str, int]], of: int) -> list[str]:
    """The first few with their parts; alone, without."""
    ordered = sorted(named, key=lambda each: -each[1])
    if len(ordered) == 1:
        return [ordered[0][0]]
    shown = [f"{_percent(n / of)} {name}" for name, n in ordered[:_MOST_NAMED]]
    more = len(ordered) - _MOST_NAMED
    return [*shown, f"{more} more"] if more > 0 else shown


def _percent(ratio: float) -> str:
    """A part of the whole, in few characters; what is something is never shown as nothing, or as all."""
    if 0.0 < ratio < _LEAST_SHOWN:
        return "<1%"
    if 1.0 - _LEAST_SHOWN < ratio < 1.0:
        return ">99%"
    return f"{ratio * _PERCENT:.0f}%"


def _value(change: SettingChange) -> str:
    value = change.to
    if value is None:
        return "unlimited" if change.is_limit else "none"
    if isinstance(value, tuple):
        return ", ".join(value)
    shown = f"{value:.12g}" if isinstance(value, float) else str(value)
    return f"{shown} {change.unit}" if change.unit in ("s", "GB") else shown
