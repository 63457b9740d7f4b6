"""What does the page on the accuracy of marginal cost say? The measured cells and laws as markdown.

In: cells (a class of a world, estimate beside truth) and laws (constants of a pool, fitted over true). Out: the text of
docs/explanation/marginal-accuracy.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

LEAST_SHARE: Final = 0.05
_TRUTH: Final = 1.96  # standard errors within which the truth is known, in 95 of 100
IDENTIFIED: Final = 0.01  # relative standard error below which a constant is called identified


@dataclass(frozen=True, slots=True)
class Cell:
    """One class of one world: USD per request. low, mid, high: None where no estimate was given."""

    seed: int
    request_class: str
    kind: str
    replicas: int
    noise_s: float
    load: float
    share: float
    true: float
    standard_error: float
    low: float | None
    mid: float | None
    high: float | None

    @property
    def is_covered(self) -> bool:
        """Whether the interval holds the truth."""
        return self.low is not None and self.high is not None and self.low <= self.true <= self.high

    @property
    def is_held(self) -> bool:
        """Whether the estimate is as near to the truth as the interval and the error of the truth itself allow."""
        if self.low is None or self.mid is None or self.high is None:
            return False
        side = self.high - self.mid if self.true > self.mid else self.mid - self.low
        return abs(self.true - self.mid) <= np.hypot(side, _TRUTH * self.standard_error)

    @property
    def half_width_ratio(self) -> float:
        """Half of the interval over the truth; infinite where there is no estimate."""
        if self.low is None or self.high is None:
            return float("inf")
        return (self.high - self.low) / 2 / abs(self.true)

    @property
    def error_ratio(self) -> float:
        """Without its sign; 1 where there is no estimate."""
        return 1.0 if self.mid is None else abs(self.mid / self.true - 1.0)


@dataclass(frozen=True, slots=True)
class Law:
    """The constants α, β, γ of one pool, as fitted over as they are, with their relative standard errors; None where
    the fit was refused.
    """

    seed: int
    pool: str
    kind: str
    noise_s: float
    fitted_over_true: tuple[float, float, float] | None
    error_ratios: tuple[float, float, float] | None
    discipline: str


def page(cells: Sequence[Cell], laws: Sequence[Law]) -> str:
    """The page."""
    return "\n".join(
        [
            "# How accurate is marginal cost?",
            "",
            "Written by `make calibrate`, on worlds whose marginal cost is known "
            "because they can be run again without part",
            "of a class. Each differs in α, β, γ, prices, mix, load, number of "
            "replicas, the way prompts are read and the",
            "noise of its clocks; each was written as spans, ingested and analysed "
            "like any trace. The truth comes from a",
            "loop that takes every decode step by itself and shares no code with the replay. "
            "Estimate and truth are of the same:",
            "what the requests that were counted in the class cost at the margin, at the "
            "instants at which they came, as a mean",
            "over days that are a little faster or slower. "
            "[Not of the traffic of another period](marginal-cost.md#what-the-interval-is-about).",
            "",
            *_summary(cells),
            "",
            "## By kind of world",
            "",
            "| worlds | cells | 95 % interval holds the truth | the error of the truth allowed for | "
            "median error | median half width of the interval |",
            "|---|---|---|---|---|---|",
            *_rows(cells),
            "",
            f"Errors and widths are of classes with at least {LEAST_SHARE:.0%} of the requests. A cell is a "
            f"class of a world with at least 1%. The truth",
            "is a mean over days, and known to its standard error: days are added until that is a fifth of "
            "the interval's half",
            "width, or there are 32. Where several busy replicas make days differ by more than a class "
            "costs, 32 are too few, and the",
            "truth is less sure than the estimate. The first column of shares takes it as exact all the "
            "same; the second asks",
            f"whether they are further apart than √(half width² + ({_TRUTH} · standard error)²). Load is the "
            "busy part of the busiest",
            "pool.",
            "",
            "## The laws of service",
            "",
            f"Constants with a relative standard error up to {IDENTIFIED:.0%} are "
            f"*identified*. The others are given with",
            "their standard error in the analysis document; a pool whose step time is not told at all is refused.",
            "",
            "| prompts | constant | pools where it is identified | within 2 % | worst error | not identified |",
            "|---|---|---|---|---|---|",
            *_law_rows(laws),
            "",
            *_refusals(laws),
            "## Where it is off",
            "",
            *_worst(cells),
            "",
            "How the figures are found: [marginal cost](marginal-cost.md), [the service model](service-model.md).",
            "",
        ]
    )


def _summary(cells: Sequence[Cell]) -> list[str]:
    worlds = len({cell.seed for cell in cells})
    errors = [cell.error_ratio for cell in _large(cells)]
    widths = [cell.half_width_ratio for cell in _large(cells)]
    covered, held = (sum(each) for each in zip(*((c.is_covered, c.is_held) for c in cells), strict=True))
    return [
        f"**{worlds} worlds: the 95 % interval holds the truth in {held} of {len(cells)} cells "
        f"({held / len(cells):.1%}), in {covered} ({covered / len(cells):.1%}) if the truth were exact. Its half "
        f"width is {np.median(widths):.0%} of the truth in the median; the median error is "
        f"{np.median(errors):.1%}, nine in ten are within {np.quantile(errors, 0.9):.1%}.**",
    ]


def _rows(cells: Sequence[Cell]) -> list[str]:
    groups: list[tuple[str, Callable[[Cell], bool]]] = [
        ("all", lambda _cell: True),
        ("prompts stall decoding", lambda cell: cell.kind == "stalling"),
        ("prompts ride along", lambda cell: cell.kind == "chunked"),
        *[
            (f"{count} replica{'s' if count > 1 else ''} in the largest pool", _has_replicas(count))
            for count in sorted({cell.replicas for cell in cells})
        ],
        *[
            (f"noise of {noise_s * 1e3:g} ms in the time stamps", _has_noise(noise_s))
            for noise_s in sorted({cell.noise_s for cell in cells})
        ],
        ("load below 70 %", lambda cell: cell.load < 0.7),
        ("load of 70 to 90 %", lambda cell: 0.7 <= cell.load < 0.9),
        ("load of 90 % and more", lambda cell: cell.load >= 0.9),
    ]
    rows = []
    for name, is_in in groups:
        some = [cell for cell in cells if is_in(cell)]
        large = _large(some)
        if not large:
            continue
        rows.append(
            f"| {name} | {len(some)} | {np.mean([cell.is_covered for cell in some]):.1%} | "
            f"{np.mean([cell.is_held for cell in some]):.1%} | "
            f"{np.median([cell.error_ratio for cell in large]):.1%} | "
            f"{np.median([cell.half_width_ratio for cell in large]):.0%} |"
        )
    return rows


def _has_replicas(count: int) -> Callable[[Cell], bool]:
    return lambda cell: cell.replicas == count


def _has_noise(noise_s: float) -> Callable[[Cell], bool]:
    return lambda cell: cell.noise_s == noise_s


def _large(cells: Iterable[Cell]) -> list[Cell]:
    return [cell for cell in cells if cell.share >= LEAST_SHARE]


def _law_rows(laws: Sequence[Law]) -> list[str]:
    rows = []
    for kind in ("stalling", "chunked", "static"):
        for place, name in enumerate("αβγ"):
            some = [law for law in laws if law.kind == kind and law.fitted_over_true is not None]
            errors = [
                abs(law.fitted_over_true[place] - 1.0)
                for law in some
                if law.fitted_over_true and law.error_ratios and law.error_ratios[place] <= IDENTIFIED
            ]
            if errors:
                within = sum(error <= 0.02 for error in errors)
                rows.append(
                    f"| {kind} | {name} | {len(errors)} | {within} | {max(errors):.1%} | {len(some) - len(errors)} |"
                )
    return rows


def _refusals(laws: Sequence[Law]) -> list[str]:
    refused = [law for law in laws if law.fitted_over_true is None]
    if not refused:
        return []
    return [
        "Refused, with what the document says:",
        "",
        *(f"- {law.pool} of world {law.seed}: {law.discipline}" for law in refused),
        "",
    ]


def _worst(cells: Sequence[Cell]) -> list[str]:
    worst = sorted(_large(cells), key=lambda cell: -cell.error_ratio)[:8]
    return [
        "The largest errors, with the standard error of the truth beside them: "
        "where a small class shares several busy",
        "replicas with large ones, one run of a day differs from the next by "
        "more than the class costs, and neither the",
        "truth nor the estimate is known well. The interval says so.",
        "",
        "| world | class | replicas | load | true, $ per 1,000 requests | its "
        "standard error | estimate | interval |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {cell.seed} | {cell.request_class} | {cell.replicas} | {cell.load:.0%} | {cell.true * 1e3:.4f} | "
            f"{cell.standard_error * 1e3:.4f} | {_per_1k(cell.mid)} | {_per_1k(cell.low)} to {_per_1k(cell.high)} |"
            for cell in worst
        ),
    ]


def _per_1k(usd: float | None) -> str:
    return "none" if usd is None else f"{usd * 1e3:.4f}"
