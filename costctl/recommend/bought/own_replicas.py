"""What does a replica of one's own take, and at what price? Declared, or measured on the calls that a pool serves.

In: the settings, the calls of pools. Out: a ``Unit`` for each offer of ``[breakeven]`` that is known, whose capacity is
seconds of a replica's time. Of a pool the seconds of a token are fitted to the time that its calls held replicas for:

    held_i ≈ s_in · (tokens read, of call i) + s_out · (tokens written),        Σ of both sides alike
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from costctl.arrays import Floats
from costctl.documents.capacity_settings import OwnReplicas
from costctl.documents.settings import Settings
from costctl.rebill.capacity import Offers, Unit
from costctl.units import S_PER_MINUTE

FEWEST_CALLS: Final = 100  # of a pool that tell how fast it is
_MEASURED: Final = ("share_s", "uncached_tokens", "output_tokens")
_READ: Final = ("input", "cached_input", "cache_write", "cache_write_1h")
_WRITTEN: Final = ("output", "reasoning")


def offers_of(settings: Settings, pool_calls: pl.DataFrame, window_s: float) -> Offers:
    """What could be paid for by time. pool_calls: of the relation pool_call."""
    found = {name: replica_of(each, settings, pool_calls) for name, each in settings.breakeven.items()}
    own = {name: unit for name, unit in found.items() if unit is not None}
    return Offers(settings.commitments, own, window_s)


def replica_of(offer: OwnReplicas, settings: Settings, pool_calls: pl.DataFrame) -> Unit | None:
    """A replica, filled up to the utilisation of the offer; None where its price or speed is not known."""
    if offer.pool is None:
        price, read, written = (
            offer.usd_per_replica_hour,
            offer.input_tokens_per_s,
            offer.output_tokens_per_s,
        )
        speed = None if read is None or written is None else (1.0 / read, 1.0 / written)
    else:
        price = settings.pools[offer.pool].usd_per_replica_hour
        speed = _seconds_per_token(measured_calls(pool_calls, offer.pool))
    if price is None or speed is None:
        return None
    weights = {**dict.fromkeys(_READ, speed[0]), **dict.fromkeys(_WRITTEN, speed[1])}
    return Unit(price, S_PER_MINUTE * offer.most_utilisation, weights)


def measured_calls(pool_calls: pl.DataFrame, pool: str) -> pl.DataFrame:
    """The calls of a pool that tell how fast it is: timed, and with their tokens."""
    if pool_calls.is_empty():
        return pool_calls
    return pool_calls.filter(pl.col("pool") == pool).drop_nulls(_MEASURED)


def _seconds_per_token(calls: pl.DataFrame) -> tuple[float, float] | None:
    """Seconds of a replica for a token read and one written, neither below 0; None where too few calls tell."""
    if calls.height < FEWEST_CALLS:
        return None
    held, read, written = (calls[name].cast(pl.Float64).to_numpy() for name in _MEASURED)
    fits = [_fitted(held, read, written), _alone(held, read), tuple(reversed(_alone(held, written)))]
    sound = [(each[0], each[1]) for each in fits if min(each) >= 0.0 and sum(each) > 0.0]
    best = min(sound, key=lambda each: float(((held - each[0] * read - each[1] * written) ** 2).sum()))
    factor = held.sum() / (best[0] * read.sum() + best[1] * written.sum())
    return best[0] * float(factor), best[1] * float(factor)


def _fitted(held: Floats, read: Floats, written: Floats) -> tuple[float, ...]:
    """By least squares, through the origin."""
    both = np.column_stack([read, written])
    return tuple(np.linalg.lstsq(both, held, rcond=None)[0].tolist())


def _alone(held: Floats, tokens: Floats) -> tuple[float, ...]:
    """The same where only one of the two takes time."""
    squares = float(tokens @ tokens)
    return (float(tokens @ held) / squares if squares > 0 else 0.0, 0.0)
