"""What reads cost from where classes are served, read by read: the slow twin of reads and copies by block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from costctl.documents.settings import Settings, Storage

HOURS_A_MONTH = 730.0


@dataclass(frozen=True)
class Read:
    """One read. key: of its object; None where it names none."""

    request_class: str
    storage: str
    key: str | None
    gb: float


def total_usd(
    reads: Sequence[Read],
    served_in: Mapping[str, str],
    copies: Mapping[str, str],
    settings: Settings,
    hours: float,
) -> float:
    """USD of all reads. served_in: by class, the region of its pool.  copies: by class, the storage that keeps one."""
    usd, kept = 0.0, dict[tuple[str, str, object], float]()
    for place, read in enumerate(reads):
        region, lies = served_in[read.request_class], settings.storage[read.storage]
        to = copies.get(read.request_class)
        if to is not None and settings.storage[to].region == region and lies.region != region:
            usd += _read_usd(settings.storage[to], read.gb)
            same = [each.gb for each in reads if (each.storage, each.key) == (read.storage, read.key)]
            name = (to, read.storage, place if read.key is None else read.key)
            kept[name] = read.gb if read.key is None else max(same)
        else:
            usd += _read_usd(lies, read.gb) + _crossing_usd(lies, region, read.gb, settings)
    for (to, storage, _), gb in kept.items():
        lies, there = settings.storage[storage], settings.storage[to]
        usd += _read_usd(lies, gb) + _crossing_usd(lies, str(there.region), gb, settings)
        usd += gb * (there.usd_per_gb_month or 0.0) * hours / HOURS_A_MONTH
    return usd


def _read_usd(tier: Storage, gb: float) -> float:
    return (tier.usd_per_1k_reads or 0.0) / 1000.0 + (tier.usd_per_gb_egress or 0.0) * gb


def _crossing_usd(tier: Storage, region: str, gb: float, settings: Settings) -> float:
    return gb * (settings.network.usd_per_gb_between_regions or 0.0) if tier.region != region else 0.0
