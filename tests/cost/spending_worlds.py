"""Requests drawn at random, and what is spent on them over time: a twin of request_time, cut_use and cut_block."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from costctl.arrays import Floats, Ints
from costctl.frames.spending import HOUR_NS, Amount, Blocks, Key, Part, Spending, lengths_ns

START_NS = 1_795_132_800_000_000_000  # 2026-11-20T00:00:00Z
CUTS = ("class", "model", "tenant")
MODELS = {"chat": "gpt-4o-mini", "agent": "claude-sonnet-4-5", "digest": "gpt-4.1"}
CLASSES = tuple(MODELS)
TENANTS = ("acme", "birch", "cedar", "dune")


@dataclass(frozen=True)
class Drawn:
    """Requests in any order. at_s: from START_NS.  names: cut → the value of each."""

    at_s: Floats
    usd: Floats
    names: dict[str, np.ndarray]

    def where(self, cut: str, value: str) -> np.ndarray:
        return self.names[cut] == value

    def with_usd(self, factor: Floats) -> Drawn:
        return dataclasses.replace(self, usd=self.usd * factor)

    def kept(self, chosen: np.ndarray) -> Drawn:
        return Drawn(
            self.at_s[chosen], self.usd[chosen], {cut: each[chosen] for cut, each in self.names.items()}
        )

    def beside(self, other: Drawn) -> Drawn:
        return Drawn(
            np.append(self.at_s, other.at_s),
            np.append(self.usd, other.usd),
            {cut: np.append(each, other.names[cut]) for cut, each in self.names.items()},
        )


def drawn(seed: int, hours: float, sessions_per_hour: float, swing: float = 0.5) -> Drawn:
    """Sessions of one tenant and class begin as a Poisson process that follows the hour of the day; their requests come
    some 40 s after one another; the digest runs by night alone. What a request costs is log-normal.
    """
    rng = np.random.default_rng(seed)
    begins = np.arange(math.ceil(hours * 4)) / 4
    at_s, usd, classes, tenants = [], [], [], []
    for number, name in enumerate(CLASSES):
        rate = sessions_per_hour / 4 * (1.0 + swing * np.sin((begins % 24 - 8.0) / 24 * 2 * np.pi))
        rate *= ((begins % 24 >= 1) & (begins % 24 < 5)) * 4 if name == "digest" and swing else 1
        counts = rng.poisson(rate)
        starts = (np.repeat(begins, counts) + rng.uniform(0, 0.25, counts.sum())) * 3600
        turns = rng.integers(1, 7, starts.size)
        think_s = rng.lognormal(np.log(40), 0.8, turns.sum())
        ends = np.cumsum(turns)
        waited = np.cumsum(think_s)
        within = waited - np.repeat(waited[ends - turns] - think_s[ends - turns], turns)
        at_s.append(np.repeat(starts, turns) + within - think_s)
        usd.append(rng.lognormal(np.log((0.001, 0.01, 0.02)[number]), 0.8, turns.sum()))
        classes.append(np.repeat(name, turns.sum()))
        tenants.append(np.repeat(rng.choice(TENANTS, starts.size, p=(0.5, 0.3, 0.15, 0.05)), turns))
    names = {"class": np.concatenate(classes), "tenant": np.concatenate(tenants)}
    names["model"] = np.array([MODELS[each] for each in names["class"]])
    found = Drawn(np.concatenate(at_s), np.concatenate(usd), names)
    return found.kept(found.at_s < hours * 3600)


def spending(requests: Drawn, hours: float, at_ns: int = START_NS) -> Spending:
    """What the relations would say of these requests in a window of so many hours."""
    first_ns, last_ns = at_ns, at_ns + round(hours * HOUR_NS) - 1
    slot_ns, block_ns = lengths_ns(first_ns, last_ns)
    first_slot = first_ns // slot_ns * slot_ns
    slots = tuple(range(first_slot, last_ns + 1, slot_ns))
    start_ns = at_ns + np.floor(requests.at_s * 1e9).astype(np.int64)
    amounts: dict[Key, dict[Part, Amount]] = {}
    blocks: dict[Key, Blocks] = {}
    value: dict[tuple[str, int], str | None] = {}
    is_second = start_ns > first_ns + (last_ns - first_ns) // 2
    slot, block = (start_ns - first_slot) // slot_ns, (start_ns - first_slot) // block_ns
    for cut in CUTS:
        names = sorted(
            set(requests.names[cut].tolist()), key=lambda name: -requests.usd[requests.where(cut, name)].sum()
        )
        for place, name in enumerate(names, 1):
            chosen = requests.where(cut, name)
            key = (cut, "value", place)
            value[cut, place] = name
            amounts[key] = _amounts(slot[chosen], is_second[chosen], requests.usd[chosen], slots)
            blocks[key] = _blocks(
                block[chosen], is_second[chosen], requests.usd[chosen], len(slots) * slot_ns // block_ns
            )
    return Spending(first_ns, last_ns, slot_ns, block_ns, slots, amounts, blocks, value)


def _amounts(slot: Ints, is_second: np.ndarray, usd: Floats, slots: tuple[int, ...]) -> dict[Part, Amount]:
    found: dict[Part, list[float]] = {}
    for number, half, each in zip(slot.tolist(), is_second.tolist(), usd.tolist(), strict=True):
        found.setdefault((slots[number], half), []).append(each)
    return {part: Amount(len(each), math.fsum(each), 0) for part, each in found.items()}


def _blocks(block: Ints, is_second: np.ndarray, usd: Floats, count: int) -> Blocks:
    found = Blocks(np.zeros((2, count)), np.zeros((2, count)))
    place = (is_second.astype(np.int64), block)
    np.add.at(found.usd, place, usd)
    np.add.at(found.usd_squared, place, usd**2)
    return found
