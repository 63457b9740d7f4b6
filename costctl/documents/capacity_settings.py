"""``[commitments]`` and ``[breakeven]`` of costctl.toml: capacity that is paid for by time, and what it takes.

Both are offers: nothing of them is in today's bill. ``costctl/rebill/capacity.py`` bills calls under them.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

HOURS_PER_MONTH: Final = 730.0  # of a year of 8,760 hours, as providers count them

Price = Annotated[float, msgspec.Meta(ge=0)]
Above = Annotated[float, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
TokenWeight = Annotated[float, msgspec.Meta(ge=0, le=1000)]
Units = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Names = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


class Commitment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Provisioned throughput or reserved capacity that a provider offers, in units.

    models: that a unit serves, as calls name them, without the date of a version.  tokens_per_minute: that one unit
    takes, an input token counted as 1; the others count as their weights say: of tokens read from a prompt cache, of
    those written to it, and of output.  Of usd_per_unit_hour and usd_per_unit_month one is given.  least_units,
    step_units: in what numbers units are sold.
    """

    provider: str
    models: Names
    tokens_per_minute: Above
    usd_per_unit_hour: Price | None = None
    usd_per_unit_month: Price | None = None
    cached_weight: TokenWeight = 1.0
    cache_write_weight: TokenWeight = 1.0
    output_weight: TokenWeight = 1.0
    least_units: Units = 1
    step_units: Units = 1

    def __post_init__(self) -> None:
        """Refuse both prices or none."""
        if (self.usd_per_unit_hour is None) == (self.usd_per_unit_month is None):
            raise ValueError("a commitment has either usd_per_unit_hour or usd_per_unit_month")

    @property
    def usd_per_hour(self) -> float:
        """The price of one unit for an hour."""
        if self.usd_per_unit_hour is not None:
            return self.usd_per_unit_hour
        return (self.usd_per_unit_month or 0.0) / HOURS_PER_MONTH


class OwnReplicas(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Replicas of one's own that could serve what is bought. classes: whose calls, each judged by itself.

    Either pool, one of ``[pools]`` whose price and speed are measured; or usd_per_replica_hour with what one replica
    reads and writes a second when it does nothing else.  most_utilisation: up to which a replica is filled.
    """

    classes: Names
    pool: str | None = None
    usd_per_replica_hour: Price | None = None
    input_tokens_per_s: Above | None = None
    output_tokens_per_s: Above | None = None
    most_utilisation: Share = 0.85

    def __post_init__(self) -> None:
        """Refuse what is declared in part, or twice."""
        declared = (self.usd_per_replica_hour, self.input_tokens_per_s, self.output_tokens_per_s)
        if self.pool is None and None in declared:
            raise ValueError(
                "give usd_per_replica_hour, input_tokens_per_s and output_tokens_per_s, or a pool to measure"
            )
        if self.pool is not None and any(each is not None for each in declared):
            raise ValueError("price and speed are those of the pool: give either the pool or these")
