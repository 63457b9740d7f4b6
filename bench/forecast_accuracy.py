"""Do forecasts cover what comes? Days of known law, forecast from an ever later origin; and whole traces of weeks.

Worlds with a rhythm of the week and growth, some with a shift of their level, and worlds that stand still: what is
expected of each day is written down by the world, which shares no code with the forecast. Prints and writes
docs/explanation/forecast-accuracy.md. `make calibrate`, or: python -m bench.forecast_accuracy
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from bench.planted_worlds import Bench
from costctl import verbs
from costctl.forecast.estimates import estimate_of
from costctl.forecast.futures import futures_of, outlooks_of
from costctl.progress import silent
from tests.forecast.daily_worlds import World
from tests.synth.written_shop import weeks_in

FIRST_SEED: Final = 500
WHOLE_TRACES: Final = 3
CLASSES: Final = ("a", "b", "c")
DAYS: Final = 84
FIRST_ORIGIN: Final = 14


@dataclass(frozen=True)
class Measured:
    """Of one world: held-out weeks, those covered at 95% and 80%, and of four weeks ahead at 95%; whether growth was
    claimed of anything from all days; and how far off the middle of the last four weeks was, as a ratio.
    """

    seed: int
    weeks: int
    covered: int
    likely: int
    months: int
    months_covered: int
    has_claim: bool
    bias: float
    whole_trace: str = ""


def measured(seed: int, worlds: Sequence[World], days: int = DAYS) -> Measured:
    """Classes side by side, each of a world, from every seventh day on."""
    usd = {
        name: world.spent(1000 * seed + place, days)
        for place, (name, world) in enumerate(zip(CLASSES, worlds, strict=True))
    }
    total = np.sum([*usd.values()], axis=0)
    weeks = covered = likely = months = months_covered = 0
    bias = 0.0
    for origin in range(FIRST_ORIGIN, days - 6, 7):
        outlooks = outlooks_of({name: each[:origin] for name, each in usd.items()}, 7, 1)
        ahead = min(28, days - origin)
        paths = np.sum([*futures_of(outlooks, ahead, seed).values()], axis=0)
        week, spent = paths[:, :7].sum(axis=1), total[origin : origin + 7].sum()
        wide, narrow = estimate_of(week, 0.95), estimate_of(week, 0.80)
        weeks += 1
        covered += wide.low <= spent <= wide.high
        likely += narrow.low <= spent <= narrow.high
        if ahead == 28:
            month, spent = estimate_of(paths.sum(axis=1), 0.95), total[origin : origin + 28].sum()
            months += 1
            months_covered += month.low <= spent <= month.high
            expected = sum(world.expected(day) for world in worlds for day in range(origin, origin + 28))
            bias = month.mid / expected - 1.0
    has_claim = bool(outlooks_of(usd, 7, 1).growing)
    return Measured(seed, weeks, int(covered), int(likely), months, int(months_covered), has_claim, bias)


def moving(seed: int) -> Measured:
    """Growth of 2 to 8 % a week, another of each class, days that scatter by 5 to 25 %; of every fourth a shift."""
    rng = np.random.default_rng(seed)
    worlds = [
        World(
            growth=rng.uniform(0.02, 0.08),
            scatter=rng.uniform(0.05, 0.25),
            shift=0.3 if seed % 4 == 0 and place == 0 else 0.0,
            shift_day=40,
            level_usd=100.0 * rng.uniform(0.2, 2.0),
        )
        for place in range(len(CLASSES))
    ]
    found = measured(seed, worlds)
    if seed - FIRST_SEED >= WHOLE_TRACES:
        return found
    return Measured(**{**found.__dict__, "whole_trace": whole_trace(seed)})


def still(seed: int) -> Measured:
    """The same without growth and shifts."""
    rng = np.random.default_rng(seed)
    worlds = [
        World(scatter=rng.uniform(0.05, 0.25), level_usd=100.0 * rng.uniform(0.2, 2.0)) for _ in CLASSES
    ]
    return measured(seed, worlds)


def whole_trace(seed: int) -> str:
    """A row of the page: traces of `costctl synth --world weeks`, loaded and forecast."""
    with tempfile.TemporaryDirectory() as folder:
        document = verbs.forecast(weeks_in(Path(folder), days=48.5, part=1.0, seed=seed), silent)
    tested = document.backtest
    return (
        f"| {seed} | {tested.weeks} | {tested.covered} | {tested.likely_covered} | {tested.error_ratio:.1%} |"
    )


def page(found: Sequence[Measured], claimed: Sequence[Measured]) -> str:
    def row(name: str, of: Sequence[Measured]) -> str:
        weeks, months = sum(each.weeks for each in of), sum(each.months for each in of)
        return (
            f"| {name} | {len(of)} | {sum(each.covered for each in of) / weeks:.1%} of {weeks} | "
            f"{sum(each.likely for each in of) / weeks:.1%} | "
            f"{sum(each.months_covered for each in of) / months:.1%} of {months} | "
            f"{np.mean([each.bias for each in of]):+.1%} | {sum(each.has_claim for each in of)} |"
        )

    rows = "\n".join(each.whole_trace for each in found if each.whole_trace)
    return f"""# Do forecasts cover what comes?

Written by `make calibrate`, on days of known law: three classes side by side, {DAYS} days, a rhythm of the week, days
that scatter by 5 to 25 % around what the world expects of them. Each is forecast from all days before it, from the
third week on, with fits, weights and claims made anew; the worlds share no code with the forecast.

| worlds | how many | weeks in the 95 % interval | in the 80 % | four weeks ahead, in the 95 % | off | growth claimed |
|---|---|---|---|---|---|---|
{row("growing by 2 to 8 % a week, some with a shift", found)}
{row("standing still", claimed)}

"Off": the middle of the last four weeks against what the world expects of them, the mean over worlds. "Growth claimed":
of how many worlds, of any class or of all, from all {DAYS} days.

Whole traces of `costctl synth --world weeks`, loaded and forecast as a user would; what the document says of itself:

| seed | held-out weeks | in the 95 % interval | in the 80 % | off by |
|---|---|---|---|---|
{rows}

How it is forecast: [what will be spent](forecast.md).
"""


BENCH: Final = Bench(
    name="forecast-accuracy",
    about=__doc__,
    first_seed=FIRST_SEED,
    wasteful=moving,
    good=still,
    found_in_words=lambda each: f"{each.seed}: {each.covered} of {each.weeks} weeks, {each.has_claim}",
    claimed_in_words=lambda each: f"{each.seed}: {each.covered} of {each.weeks} weeks, {each.has_claim}",
    page=page,
)


if __name__ == "__main__":
    BENCH.run()
